/** The agent's Debian package on a copy of this very system: installed, upgraded, removed and purged. */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@siaga/protocol';
import { openVirtualTty, sensorNamed, virtualGauge } from '@siaga/simulator';
import { expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { eventually } from '../harness/eventually.ts';
import { temporaryFolder } from '../harness/folders.ts';
import { makePackage } from '../harness/installed-agent.ts';
import { lacksSpareRoot, openSpareRoot, type SpareRoot } from '../harness/spare-root.ts';

const settings = 'etc/siaga-agent/siaga-agent.yaml';
const unit = '/lib/systemd/system/siaga-agent.service';

test('installs, measures, upgrades and purges without leaving anything', async (ctx) => {
  const reason = lacksSpareRoot();
  ctx.skip(reason !== undefined, reason);
  const { path: folder, remove } = temporaryFolder('package');
  onTestFinished(remove);
  const first = makePackage(folder);
  const second = newer(first, folder);
  const root = openSpareRoot();
  onTestFinished(root.close);
  const install = (deb: string) => {
    copyFileSync(deb, join(root.path, 'agent.deb'));
    return root.run('dpkg', '--force-confold', '-i', '/agent.deb');
  };

  expect(install(first)).toMatchObject({ code: 0 });
  expect(root.run('siaga-agent', '--version').out).toBe('0.1.0\n');
  expect(root.run('id', '-Gn', 'siaga-agent').out).toMatch(/dialout/);
  expect(root.run('stat', '-c', '%U %a', '/var/lib/siaga-agent').out).toBe('siaga-agent 750\n');
  expect(root.run('stat', '-c', '%G %a', `/${settings}`).out).toBe('siaga-agent 640\n');
  expect(root.run('systemd-analyze', 'verify', unit)).toEqual({ code: 0, out: '' });
  // The exposure that systemd finds, in tenths: 0 is best, an unguarded service has 96.
  expect(root.run('systemd-analyze', 'security', '--offline=yes', '--threshold=20', unit)).toMatchObject({ code: 0 });

  const stored = await measureOnce(root);
  expect(stored).toMatchObject({ msg: 'stored', distanceMm: 2345 });

  const own = `${readFileSync(join(root.path, settings), 'utf8')}\n# ours\n`;
  writeFileSync(join(root.path, settings), own);
  const versions = '/var/lib/siaga-agent/versions';
  const asAgent = (script: string) => root.run('runuser', '-u', 'siaga-agent', '--', 'sh', '-ec', script);
  expect(asAgent(`mkdir ${versions}; cd ${versions}; mkdir 0.0.9; ln -s 0.0.9 current; echo {} >trial`).code).toBe(0);
  expect(install(second)).toMatchObject({ code: 0 });
  // What a person installs comes before what an update has put in place.
  expect(root.run('ls', versions).out).toBe('0.0.9\nrolled-back\n');
  expect(root.run('dpkg-query', '-W', '-f', `\${Version}`, 'siaga-agent').out).toBe('0.1.0+later');
  expect(readFileSync(join(root.path, settings), 'utf8')).toBe(own);
  expect(existsSync(join(root.path, 'var/lib/siaga-agent/outbox'))).toBe(true);
  expect(root.run('siaga-agent', '--version').code).toBe(0);
  rmSync(join(root.path, settings));
  expect(install(second)).toMatchObject({ code: 0 });
  writeFileSync(join(root.path, settings), own);

  expect(root.run('dpkg', '--remove', 'siaga-agent')).toMatchObject({ code: 0 });
  expect(existsSync(join(root.path, 'usr/lib/siaga-agent'))).toBe(false);
  expect(readFileSync(join(root.path, settings), 'utf8')).toBe(own);
  expect(existsSync(join(root.path, 'var/lib/siaga-agent/outbox'))).toBe(true);

  expect(root.run('dpkg', '--purge', 'siaga-agent')).toMatchObject({ code: 0 });
  const left = root.run('find', '/etc', '/usr', '/var/lib', '/lib/systemd', '-name', '*siaga-agent*').out;
  expect(left.split('\n').filter((path) => path !== '')).toEqual([]);
  expect(root.run('getent', 'passwd', 'siaga-agent').code).not.toBe(0);
});

/** The same package under a higher version, as the next release would come. */
function newer(deb: string, folder: string): string {
  const tree = join(folder, 'tree');
  execFileSync('dpkg-deb', ['-R', deb, tree]);
  const control = join(tree, 'DEBIAN/control');
  writeFileSync(control, readFileSync(control, 'utf8').replace(/^Version: (.*)$/m, 'Version: $1+later'));
  const to = join(folder, 'newer.deb');
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '-z0', '--build', tree, to]);
  return to;
}

/** Runs the installed agent under its own user, with a sensor on a real tty; gives the first reading it stored. */
async function measureOnce(root: SpareRoot): Promise<Record<string, unknown>> {
  const tty = await openVirtualTty();
  onTestFinished(() => tty.close());
  chmodSync(tty.path, 0o666);
  const sensor = sensorNamed('maxbotix-hrxl-wr');
  const [type] = sensor.types;
  const speaking = virtualGauge({ station: 'a1', gauge: 'main', sensor, type, tty, clock: systemClock() }).run(
    () => 2345,
  );
  onTestFinished(() => speaking.stop());
  const gauges = [{ gauge: 'main', port: tty.path, sensor: sensor.name, maxMm: type.maxMm }];
  const config = { station: 'a1', data: '/var/lib/siaga-agent', sampling: { intervalS: 1, pings: 3 }, gauges };
  mkdirSync(join(root.path, 'trial'));
  writeFileSync(join(root.path, 'trial/agent.yaml'), stringify(config));
  const child = spawn(
    'chroot',
    ['--userspec=siaga-agent:siaga-agent', root.path, 'siaga-agent', 'run', '--config', '/trial/agent.yaml'],
    { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', SIAGA_LOG: 'debug' } },
  );
  let said = '';
  child.stdout.on('data', (text) => {
    said += text;
  });
  child.stderr.on('data', (text) => {
    said += text;
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  try {
    return await eventually('a reading on the disk', () => {
      const line = said.split('\n').find((text) => text.includes('"msg":"stored"') && text.endsWith('}'));
      if (line === undefined && child.exitCode !== null) throw new Error(said);
      return line === undefined ? undefined : (JSON.parse(line) as Record<string, unknown>);
    });
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}
