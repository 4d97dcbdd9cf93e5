import { X509Certificate } from 'node:crypto';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type AgentProcess, connections, writeAgentConfig } from '../harness/agent.ts';
import { getMetric, getReadings } from '../harness/api.ts';
import { distinctMm } from '../harness/bursts.ts';
import { writeCatalogue } from '../harness/catalogue.ts';
import { eventually } from '../harness/eventually.ts';
import { openFlow } from '../harness/flow.ts';
import { runProgram } from '../harness/programs.ts';

/*
 * A device from its box to its retirement, by the commands that an operator and a technician type: the platform runs
 * all the while and is never started again.
 */

const station = 'sungai';
/** A revoked certificate's connection is cut within this; the platform looks at its folder every two seconds. */
const cutWithinMs = 5_000;

async function openWalk() {
  const flow = openFlow('provision');
  const catalogue = writeCatalogue(flow.folder, [{ id: station }, { id: 'lain' }]);
  // `lain` only so that there are an authority and a server: our station has no certificate yet.
  const platform = await flow.platform({ catalogue, stations: ['lain'] });
  const line = await flow.line({ station });
  const { pki, mqttUrl, httpUrl } = platform;
  const pkiCommand = (...args: string[]) => runProgram('siaga', ['pki', ...args, '--dir', pki]);
  const startedAtMs = Date.now();
  let bursts = 0;
  pkiCommand('claim', 'depot');

  /** A memory card with the claim on it, and nothing else. */
  function card(name: string) {
    const root = join(flow.folder, name);
    cpSync(join(pki, 'claims', 'depot'), join(root, 'claim'), { recursive: true });
    const at = (file: string) => join(root, 'claim', file);
    const settings = {
      station,
      data: join(root, 'data'),
      gauges: [line.settings],
      pki,
      mqttUrl,
      credentials: join(root, 'credentials', 'current'),
      provision: { claim: { ca: at('ca.crt'), cert: at('claim.crt'), key: at('claim.key') }, hardware: name },
    };
    const config = writeAgentConfig(settings);
    return {
      provision: (...more: string[]) => runProgram('siaga-agent', ['provision', '--config', config, ...more]),
      start: () => flow.agent(settings),
      serial: () => new X509Certificate(readFileSync(join(settings.credentials, 'device.crt'))).serialNumber,
      certificate: join(settings.credentials, 'device.crt'),
    };
  }

  return {
    pkiCommand,
    card,
    refused: (reason: string) =>
      getMetric(httpUrl, `siaga_refused_connections_total{reason="${reason}"}`).catch(() => 0),
    /** Writes a burst and waits until its reading is served. */
    async arrives(agent: AgentProcess): Promise<void> {
      const distance = distinctMm(bursts++);
      await line.gauge.burst(distance);
      await eventually('the reading is served', async () => {
        const [from, to] = [startedAtMs - 60_000, Date.now() + 60_000].map((ms) => new Date(ms).toISOString());
        const served = await getReadings(httpUrl, station, from as string, to as string);
        return served.some(({ distanceMm }) => distanceMm === distance) || undefined;
      });
      expect(agent.stored.length).toBeGreaterThan(0);
    },
  };
}

/** Resolves when the agent has lost the connection that stood. */
async function cut(agent: AgentProcess, cutting: () => unknown): Promise<number> {
  const downs = () => agent.program.lines.filter(({ msg }) => msg === 'uplink down').length;
  const before = downs();
  cutting();
  const sinceMs = Date.now();
  await eventually('the connection is cut', async () => downs() > before || undefined, {
    withinMs: 60_000,
    everyMs: 20,
  });
  return Date.now() - sinceMs;
}

test('a device is claimed, renewed, stolen and replaced', async () => {
  const walk = await openWalk();
  const first = walk.card('card-1');

  // Nobody allowed it: it gets nothing, and is told what to ask the operator for.
  expect(() => first.provision()).toThrow(/siaga pki allow sungai/);
  expect(existsSync(first.certificate)).toBe(false);
  walk.pkiCommand('allow', station, '--hardware', 'another-machine');
  expect(() => first.provision()).toThrow(/other-hardware/);

  walk.pkiCommand('allow', station, '--hardware', 'card-1');
  expect(first.provision()).toContain('has its certificate');
  const agent = first.start();
  await agent.lineOpen();
  await agent.connected();
  await walk.arrives(agent);

  // The leave is used up.
  expect(() => walk.card('copy').provision()).toThrow(/siaga pki allow sungai/);

  // A renewal beside the running agent does not disturb it; its next connection uses the new certificate.
  const old = first.serial();
  first.provision('--renew');
  expect(first.serial()).not.toBe(old);
  await walk.arrives(agent);
  expect(connections(agent.program)).toBe(1);
  expect(await agent.program.stop()).toBe(0);
  const again = first.start();
  await again.lineOpen();
  await again.connected();
  await walk.arrives(again);
  await eventually('the older certificate is revoked', async () => {
    const list = walk.pkiCommand('list', '--all', '--json').trim().split('\n');
    const row = list.map((text) => JSON.parse(text)).find(({ serial }) => serial.toUpperCase() === old);
    return row?.state === 'revoked' || undefined;
  });

  // Stolen: cut within seconds, and let in no more.
  const tookMs = await cut(again, () => walk.pkiCommand('revoke', station, '--reason', 'stolen'));
  console.log(`provision: a revoked certificate's connection was cut ${tookMs} ms after the command`);
  expect(tookMs).toBeLessThan(cutWithinMs);
  const connectedBefore = connections(again.program);
  const before = await walk.refused('revoked-certificate');
  await eventually('it is refused', async () => (await walk.refused('revoked-certificate')) > before || undefined);
  expect(connections(again.program)).toBe(connectedBefore);
  expect(() => first.provision('--renew')).toThrow(/revoked/);
  expect(await again.program.stop()).toBe(0);

  // A new card for the same station; the stolen one stays out.
  walk.pkiCommand('allow', station);
  const second = walk.card('card-2');
  second.provision();
  const next = second.start();
  await next.lineOpen();
  await next.connected();
  await walk.arrives(next);
  expect(() => first.provision('--renew')).toThrow(/revoked/);

  // A claim that got lost is worth nothing any more.
  walk.pkiCommand('allow', station);
  walk.pkiCommand('revoke', 'claim:depot');
  const third = walk.card('card-3');
  expect(() => third.provision()).toThrow(/revoked/);
  await walk.arrives(next);
  expect(await next.program.stop()).toBe(0);
});
