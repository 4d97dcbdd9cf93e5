/** A whole agent on a real broker: calm readings share messages, commands are obeyed and told, health says it all. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeHealth, decodeReadings, encodeJson, type OnlineHealth, systemClock } from '@siaga/protocol';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Agent, startAgent } from '../agent.ts';
import type { AgentConfig } from '../config.ts';
import { agentAt } from '../control/client.ts';
import { createPki, type Pki, startBroker, type TestBroker, writeCredentials } from '../testing/broker.ts';
import { until } from '../testing/builders.ts';
import { encodeHrxlFrame } from '../testing/encoders.ts';
import { createFakeLink, type FakeLink } from '../testing/fake-link.ts';

const root = mkdtempSync(join(tmpdir(), 'siaga-agent-parts-'));
const ending: (() => unknown)[] = [];
let pki: Pki;
beforeAll(async () => {
  pki = await createPki();
});
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
type Place = { broker: TestBroker; link: FakeLink; data: string; start(): Promise<Agent> };

async function place(over: Partial<AgentConfig> = {}): Promise<Place> {
  const folder = join(root, String(++folders));
  const broker = await startBroker(pki);
  ending.push(() => broker.close());
  const credentials = await writeCredentials(pki, 'katulampa', folder);
  const link = createFakeLink();
  const config: AgentConfig = {
    station: 'katulampa',
    data: join(folder, 'data'),
    sampling: { intervalS: 60, pings: 1, trigger: 'burst' },
    gauges: [{ gauge: 'main', port: 'x', sensor: 'maxbotix-hrxl-wr', maxMm: 5000 }],
    uplink: { url: `mqtts://127.0.0.1:${broker.port}`, ...credentials },
    ...over,
  };
  return {
    broker,
    link,
    data: config.data,
    async start() {
      const log = pino({ level: 'silent' });
      const agent = await startAgent({ config, clock: systemClock(), log, openLink: link.open });
      ending.push(() => agent.stop());
      await until('connected', () => agent.status().connected && agent.status().gauges[0]?.link === 'open');
      return agent;
    },
  };
}

const calm = { sampleS: 60, reportS: 300 };
const minute = { sampleS: 60, reportS: 60 };
const cadence = {
  calm,
  rising: minute,
  flood: minute,
  floodWithinMm: 1_200,
  riseMmPerH: 100,
  deadBandMm: 50,
  holdS: 1_800,
  capS: 3_600,
};
const batches = ({ published }: TestBroker) =>
  published.flatMap(({ topic, payload }) => {
    const batch = topic.endsWith('/readings') ? decodeReadings(payload) : null;
    return batch?.ok ? [batch.value] : [];
  });
const healths = ({ published }: TestBroker): OnlineHealth[] =>
  published.flatMap(({ topic, payload }) => {
    const health = topic.endsWith('/health') ? decodeHealth(payload) : null;
    return health?.ok && health.value.state === 'online' ? [health.value] : [];
  });
async function measure({ link }: Place, agent: Agent, ...distances: number[]): Promise<void> {
  for (const distanceMm of distances) {
    const { stored } = agent.status();
    link.write(encodeHrxlFrame(distanceMm));
    await until('stored', () => agent.status().stored === stored + 1);
  }
}

it('calm readings wait for a shared message; the first of a flood takes them along', async () => {
  const site = await place({ cadence });
  const agent = await site.start();
  await measure(site, agent, 3_000);
  await until('the first', () => batches(site.broker).length === 1);
  await measure(site, agent, 3_001, 3_002, 3_003);
  await measure(site, agent, 1_100);
  await until('all', () => batches(site.broker).flatMap(({ readings }) => readings).length === 5);
  const later = batches(site.broker).slice(1);
  expect(later.length).toBeLessThanOrEqual(2);
  expect(later[0]?.intervalS).toBe(300);
  // So sudden a rise is suspect: the next reading decides.
  await measure(site, agent, 1_090);
  await until('told', () => healths(site.broker).at(-1)?.cadence?.reason === 'flood');
});

it('a stop sends what is held', async () => {
  const site = await place({ cadence });
  const agent = await site.start();
  await measure(site, agent, 3_000, 3_001, 3_002);
  await agent.stop();
  expect(batches(site.broker).flatMap(({ readings }) => readings.map(({ distanceMm }) => distanceMm))).toEqual([
    3_000, 3_001, 3_002,
  ]);
});

it('a command is obeyed once and its outcome told; what cannot be done is refused with a reason', async () => {
  const site = await place({ cadence });
  await site.start();
  const command = (value: object) => site.broker.send('flood/v1/katulampa/command', encodeJson({ v: 1, ...value }));
  await command({ id: 'c1', act: 'cadence', intervalS: 60, forS: 600 });
  await command({ id: 's1', act: 'settings', settings: { 'sampling.pings': 5 } });
  await until('told', () => healths(site.broker).at(-1)?.commands?.length === 2);
  const { commands, cadence: inForce } = healths(site.broker).at(-1) as OnlineHealth;
  expect(commands).toEqual([
    { id: 'c1', act: 'cadence', outcome: 'done', reason: null },
    { id: 's1', act: 'settings', outcome: 'refused', reason: expect.stringContaining('without remote settings') },
  ]);
  expect(inForce).toEqual({ sampleS: 60, reportS: 60, reason: 'command' });
});

it('says in its health why it began, what the machine and its certificate say, and that it is under maintenance', async () => {
  const site = await place();
  const first = await site.start();
  await until('told', () => healths(site.broker).length > 0);
  expect(healths(site.broker)[0]).toMatchObject({
    clock: 'synced',
    start: { number: 1, reason: 'first' },
    notKept: 0,
    maintenanceUntil: null,
    cadence: { sampleS: 60, reportS: 60, reason: 'configured' },
    machine: { rssBytes: expect.any(Number) },
    commands: [],
  });
  expect(Date.parse(healths(site.broker)[0]?.certificateExpiresAt ?? '')).toBeGreaterThan(Date.now());
  const technician = await agentAt(site.data);
  await technician?.maintenance({ untilMs: Date.now() + 600_000, by: 'Budi' });
  await until('told', () => healths(site.broker).at(-1)?.maintenanceUntil !== null);
  await first.stop();
  const again = await site.start();
  await measure(site, again, 900);
  await until('sent', () => batches(site.broker).length === 1);
  expect(batches(site.broker)[0]?.maintenance).toBe(true);
  await until('told', () => healths(site.broker).at(-1)?.start?.number === 2);
  expect(healths(site.broker).at(-1)).toMatchObject({
    start: { reason: 'ordered' },
    maintenanceUntil: expect.any(String),
  });
  const there = await agentAt(site.data);
  expect(await there?.status()).toMatchObject({ station: 'katulampa', stored: 1, cadence: { reason: 'configured' } });
});

it('a line that flaps makes no storm of health', async () => {
  const site = await place();
  await site.start();
  await until('told', () => healths(site.broker).length > 0);
  const before = healths(site.broker).length;
  for (let i = 0; i < 70; i++) {
    site.link.unplug();
    site.link.replug();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(healths(site.broker).length - before).toBeGreaterThan(0);
  expect(healths(site.broker).length - before).toBeLessThanOrEqual(6);
});
