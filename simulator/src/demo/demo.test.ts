import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAgent } from '@siaga/firmware-host';
import { type Clock, scaledClock, steppedClock } from '@siaga/protocol';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { readLedger } from '../ledger.ts';
import { jakarta2014, jakarta2014Catalogue } from '../scenarios/jakarta-2014/scenario.ts';
import { type DemoEvent, type DemoOptions, startDemo } from './demo.ts';

const log = pino({ level: 'silent' });
const stations = ['katulampa', 'krukut-hulu'];
const startMs = Date.UTC(2026, 0, 1, 10, 0, 30);
const minuteMs = 60_000;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'siaga-demo-'));
  const whole = parse(readFileSync(jakarta2014Catalogue, 'utf8')) as { stations: { id: string }[] };
  const two = { stations: whole.stations.filter(({ id }) => stations.includes(id)) };
  writeFileSync(join(folder, 'siaga.yaml'), stringify(two));
  // No broker listens: agents keep everything and go on trying.
  for (const station of stations) {
    mkdirSync(join(folder, 'pki', 'devices', station), { recursive: true });
    for (const file of ['ca.crt', 'device.crt', 'device.key'])
      writeFileSync(join(folder, 'pki', 'devices', station, file), '');
  }
});
afterEach(() => rmSync(folder, { recursive: true }));

function demoOf(clock: Clock, more: Partial<DemoOptions> = {}) {
  const events: DemoEvent[] = [];
  const demo = startDemo({
    dataDir: join(folder, 'data'),
    pkiDir: join(folder, 'pki'),
    mqttUrl: 'mqtts://127.0.0.1:9',
    catalogue: join(folder, 'siaga.yaml'),
    ledgerFile: join(folder, 'ledger.jsonl'),
    backfillMs: 20 * minuteMs,
    clock,
    log,
    onEvent: (event) => events.push(event),
    ...more,
  });
  return { demo, events };
}

/** What a station's outbox holds, from the agent itself. */
async function outboxOf(station: string) {
  const agent = await startAgent({
    config: {
      station,
      data: join(folder, 'data', 'agents', station),
      sampling: { intervalS: 60, pings: 7, trigger: 'burst' },
      gauges: [{ gauge: 'main', port: join(folder, 'nothing'), sensor: 'dfrobot-a02yyuw' }],
    },
    clock: steppedClock(startMs),
    log,
  });
  const { stream, lastSeq, backlog } = agent.status();
  await agent.stop();
  return { stream, lastSeq, backlog };
}

test('the past goes through the outboxes minute by minute, then every gauge is live; stopping leaves nothing', async () => {
  const { demo, events } = demoOf(scaledClock(Date.now(), startMs, 200), { intervalS: 10 });
  await demo.live;
  await expect
    .poll(
      async () => (await readLedger(join(folder, 'ledger.jsonl'))).filter(({ atMs }) => atMs % minuteMs !== 0).length,
    )
    .toBeGreaterThan(8);
  await demo.stop();

  expect(events.at(-1)).toEqual({ event: 'live', stations: 2, intervalS: 10 });
  const entries = await readLedger(join(folder, 'ledger.jsonl'));
  for (const station of stations) {
    const own = entries.filter((entry) => entry.station === station);
    const past = own.map(({ atMs }) => atMs).filter((atMs) => atMs <= startMs);
    expect(past).toEqual(Array.from({ length: 20 }, (_, i) => startMs - 30_000 - (19 - i) * minuteMs));
    expect(await outboxOf(station)).toMatchObject({ lastSeq: own.length, backlog: own.length });
  }
  expect(readdirSync(join(folder, 'data', 'tty'))).toEqual([]);
});

test('a first start stands at the entry of the scenario; a second goes on in story, stream and numbers', async () => {
  const first = demoOf(steppedClock(startMs));
  await first.demo.live;
  await first.demo.stop();
  const before = await outboxOf('katulampa');
  expect(before.lastSeq).toBe(20);

  const second = demoOf(steppedClock(startMs + 5 * minuteMs));
  await second.demo.live;
  await second.demo.stop();
  expect(second.events.find(({ event }) => event === 'backfilled')).toMatchObject({ readings: 10 });
  expect(await outboxOf('katulampa')).toEqual({ stream: before.stream, lastSeq: 25, backlog: 25 });

  const entries = (await readLedger(join(folder, 'ledger.jsonl'))).filter(({ station }) => station === 'katulampa');
  const katulampa = jakarta2014.stations.get('katulampa') as (atMs: number) => number;
  for (const { atMs, distanceMm } of entries)
    expect(distanceMm).toBe(Math.round(4500 - katulampa(jakarta2014.entryMs + atMs - startMs)));
});

test('it can be stopped in the middle of the back-fill, and the next start fills in the rest', async () => {
  const day = 24 * 60;
  const first = demoOf(steppedClock(startMs), { backfillMs: day * minuteMs });
  await expect.poll(() => existsSync(join(folder, 'data', 'bookmarks', 'katulampa'))).toBe(true);
  await expect
    .poll(() => readFileSync(join(folder, 'data', 'bookmarks', 'katulampa'), 'utf8').length, { interval: 1 })
    .toBe(13);
  await first.demo.stop();
  await first.demo.live;
  const part = await outboxOf('katulampa');
  expect(part.lastSeq).toBeGreaterThan(0);
  expect(part.lastSeq).toBeLessThan(day);

  const second = demoOf(steppedClock(startMs), { backfillMs: day * minuteMs });
  await second.demo.live;
  await second.demo.stop();
  expect(await outboxOf('katulampa')).toEqual({ stream: part.stream, lastSeq: day, backlog: day });
  const times = (await readLedger(join(folder, 'ledger.jsonl')))
    .filter(({ station }) => station === 'katulampa')
    .map(({ atMs }) => atMs);
  expect(new Set(times).size).toBe(day);
});

test('a missing certificate and a damaged state are told before anything is played', async () => {
  rmSync(join(folder, 'pki', 'devices', 'krukut-hulu', 'device.key'));
  const first = demoOf(steppedClock(startMs));
  await expect(first.demo.live).rejects.toThrow('siaga pki device krukut-hulu');
  await first.demo.stop();

  writeFileSync(join(folder, 'pki', 'devices', 'krukut-hulu', 'device.key'), '');
  mkdirSync(join(folder, 'data'), { recursive: true });
  writeFileSync(join(folder, 'data', 'demo.json'), '{');
  const second = demoOf(steppedClock(startMs));
  await expect(second.demo.live).rejects.toThrow('remove it to begin the scenario anew');
  await second.demo.stop();
});
