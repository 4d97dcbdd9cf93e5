/**
 * Updates of an installed agent, run as systemd runs it: a good one is fetched, started and stays, one that was changed on
 * its way is refused, and one that cannot start gives way to the one before. Not a reading is lost by any of it.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { OnlineHealth } from '@siaga/protocol';
import { expect, test } from 'vitest';
import { writeAgentConfig } from '../harness/agent.ts';
import { getReadings } from '../harness/api.ts';
import { writeCatalogue } from '../harness/catalogue.ts';
import { eventually } from '../harness/eventually.ts';
import { type Flow, openFlow } from '../harness/flow.ts';
import { makePackage, unpackPackage } from '../harness/installed-agent.ts';
import type { PlatformProcess } from '../harness/platform.ts';
import { serviceUser, startService } from '../harness/service.ts';
import { newStaff } from '../harness/staff.ts';

const station = 'sungai';
const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
const bundleOf = (version: string) => `siaga-agent-${version}-linux-${arch}`;
const good = '0.2.0';
const changed = '0.2.1';
const broken = '0.3.0';

type Device = {
  readonly firmware: string | null;
  readonly health: OnlineHealth | null;
  readonly commands: readonly {
    readonly command: { readonly id: string };
    readonly state: string;
    readonly reason: string | null;
  }[];
};

/** Packs a bundle as a release would; gives its SHA-256. */
function pack(folder: string, version: string): string {
  const archive = join(folder, `${bundleOf(version)}.tar.gz`);
  execFileSync('tar', ['-C', folder, '-I', 'gzip -1', '-cf', archive, bundleOf(version)]);
  return createHash('sha256').update(readFileSync(archive)).digest('hex');
}

/** The same agent under a newer version. */
function packGood(bundle: string, folder: string): string {
  const tree = join(folder, bundleOf(good));
  cpSync(bundle, tree, { recursive: true });
  const app = join(tree, 'app');
  const told = readdirSync(app).filter((name) => {
    const text = readFileSync(join(app, name), 'utf8');
    const newer = text.replaceAll('"0.1.0"', JSON.stringify(good));
    if (newer !== text) writeFileSync(join(app, name), newer);
    return newer !== text;
  });
  expect(told).toHaveLength(1);
  return pack(folder, good);
}

/** One that looks well as long as it is only asked who it is. */
function packBroken(node: string, folder: string): string {
  const tree = join(folder, bundleOf(broken));
  mkdirSync(join(tree, 'bin'), { recursive: true });
  mkdirSync(join(tree, 'app'));
  symlinkSync(node, join(tree, 'bin/node'));
  const main = `const [what] = process.argv.slice(2);
    if (what === '--version') console.log('${broken}');
    if (what === 'run') throw new Error('it cannot start');`;
  writeFileSync(join(tree, 'app/main.mjs'), main);
  return pack(folder, broken);
}

/** Serves a folder as an owner's update server does, under a certificate of the platform's own authority. */
async function serveUpdates(flow: Flow, { pki }: PlatformProcess, folder: string): Promise<string> {
  const read = (name: string) => readFileSync(join(pki, 'server', name));
  const server = createServer({ cert: read('server.crt'), key: read('server.key') }, (request, response) => {
    const path = join(folder, request.url?.slice(1) ?? '');
    if (!existsSync(path)) return response.writeHead(404).end();
    createReadStream(path).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  flow.atEnd(() => server.close());
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function openInstalled() {
  const flow = openFlow('update');
  // The service's user must reach what it runs and reads.
  chmodSync(flow.folder, 0o755);
  const updates = join(flow.folder, 'updates');
  mkdirSync(updates);
  const root = join(flow.folder, 'root');
  const launcher = unpackPackage(makePackage(updates), root);
  const hashes = {
    good: packGood(join(updates, bundleOf('0.1.0')), updates),
    broken: packBroken(join(root, 'usr/lib/siaga-agent/bin/node'), updates),
  };
  writeFileSync(join(updates, `${bundleOf(changed)}.tar.gz`), 'not what was announced');

  const catalogue = writeCatalogue(flow.folder, [{ id: station }]);
  const platform = await flow.platform({ catalogue, stations: [station] });
  const { httpUrl, mqttUrl, pki } = platform;
  const line = await flow.line({ station });
  chmodSync(line.tty.path, 0o666);
  const speaking = line.gauge.run(() => 2_500);
  flow.atEnd(() => speaking.stop());
  const data = join(root, 'var/lib/siaga-agent');
  const credentials = join(data, 'credentials');
  mkdirSync(data, { recursive: true });
  cpSync(join(pki, 'devices', station), credentials, { recursive: true });
  const updatesFrom = await serveUpdates(flow, platform, updates);
  const remote = { updatesFrom, updatesCa: join(credentials, 'ca.crt'), trialLeastS: 10, trialMostS: 60 };
  const settings = { station, data, gauges: [line.settings], pki, mqttUrl, credentials, intervalS: 1, pings: 2 };
  const config = writeAgentConfig({ ...settings, trigger: 'interval', sections: { remote } });
  execFileSync('chown', ['-R', `${serviceUser}`, data]);
  const staff = await newStaff(platform, 'supervisor');
  const watchdogS = 4;
  const env = { SIAGA_LOG: 'debug' };
  const service = await startService({
    launcher,
    args: ['run', '--config', config],
    folder: flow.folder,
    watchdogS,
    env,
  });
  flow.atEnd(() => service.stop());
  const device = () => staff.ask<Device>('GET', `/stations/${station}/device`);
  return {
    hashes,
    service,
    device,
    versions: join(data, 'versions'),
    update: (id: string, version: string, sha256: string) =>
      staff.ask('POST', `/stations/${station}/commands`, { id, act: 'update', version, sha256 }),
    /** What became of a command. */
    outcome: (id: string, ...states: readonly string[]) =>
      eventually(
        `${id} is ${states}`,
        async () => (await device()).commands.find(({ command, state }) => command.id === id && states.includes(state)),
        { withinMs: 90_000 },
      ).catch(async (error) => {
        const said = service
          .lines()
          .slice(-20)
          .map((each) => JSON.stringify(each))
          .join('\n');
        throw new Error(
          `${error.message} ${JSON.stringify((await device()).commands)}\n${said}\n${service.runs.at(-1)?.complaints()}`,
        );
      }),
    served: async () => {
      const [from, to] = [-600_000, 60_000].map((ms) => new Date(Date.now() + ms).toISOString());
      return getReadings(httpUrl, station, from as string, to as string);
    },
  };
}

test('a good update stays, a changed one is refused, one that cannot start gives way', async () => {
  const { service, device, update, outcome, hashes, versions, served } = await openInstalled();
  await eventually('it measures and sends', async () => (await served()).length > 0);
  expect((await device()).firmware).toBe('0.1.0');

  await update('changed', changed, '0'.repeat(64));
  expect((await outcome('changed', 'refused')).reason).toMatch(/SHA-256/);

  await update('good', good, hashes.good);
  await outcome('good', 'under-way');
  await eventually('the new version tells of itself', async () => (await device()).firmware === good, {
    withinMs: 60_000,
  });
  expect((await device()).health).toMatchObject({ start: { number: 2, reason: 'update' } });
  expect(readFileSync(join(versions, 'trial'), 'utf8')).toContain(good);
  await outcome('good', 'done');
  expect(readdirSync(versions).toSorted()).toEqual([good, 'current', 'previous']);
  expect(service.runs).toHaveLength(2);

  await update('broken', broken, hashes.broken);
  const taken = await outcome('broken', 'rolled-back');
  expect(taken.reason).toMatch(/^0\.3\.0 /);
  const { firmware, health } = await device();
  expect(firmware).toBe(good);
  expect(health?.state).toBe('online');
  // The package's, the good one, three times the broken one, and the good one again.
  expect(service.runs).toHaveLength(6);
  const complaints = service.runs.map((run) => run.complaints().includes('it cannot start'));
  expect(complaints).toEqual([false, false, true, true, true, false]);
  expect(readdirSync(versions).filter((name) => /^\d/.test(name))).toEqual([good]);

  // Each that worked said so, and went on saying so.
  expect(service.told().split('READY=1')).toHaveLength(1 + 3);
  expect(service.told()).toContain('STOPPING=1');
  const fed = () => service.told().split('WATCHDOG=1').length;
  const before = fed();
  await eventually('the watchdog is fed', () => fed() > before + 1);

  // One stream without a hole.
  const stored = service.lines().filter(({ msg }) => msg === 'stored');
  const last = stored.at(-1)?.seq;
  await eventually('all of it is served', async () => (await served()).some(({ seq }) => seq === last));
  const readings = (await served()).toSorted((a, b) => a.seq - b.seq).filter(({ seq }) => seq <= Number(last));
  expect(new Set(readings.map(({ stream }) => stream)).size).toBe(1);
  expect(readings.map(({ seq }) => seq)).toEqual(readings.map((_, i) => i + 1));
});
