/** The walk of messages without a broker: what devices say of themselves, and what becomes of their present by it. */
import {
  type Calibration,
  encodeReadings,
  mintStreamId,
  type OnlineHealth,
  type Reading,
  type ReadingsBatch,
  steppedClock,
  topicOf,
} from '@siaga/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { noonMs, wellDevice } from './alarms/rules/testing.ts';
import { readingColumns } from './fleet/hydrograph.ts';
import { standingCatalogue } from './fleet/standing.ts';
import { catalogueFrom } from './fleet/testing.ts';
import { silentLog } from './log.ts';
import { createMetrics } from './metrics.ts';
import { type Pipeline, startPipeline } from './pipeline.ts';
import { openMemory } from './store/index.ts';
import type { Stores } from './store/stores.ts';

const station = 'katulampa';
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const stream = mintStreamId();
let stores: Stores;
let clock: ReturnType<typeof steppedClock>;
let catalogue: ReturnType<typeof standingCatalogue>;
let pipeline: Pipeline;

beforeEach(async () => {
  stores = openMemory();
  clock = steppedClock(noonMs);
  await start();
});
afterEach(async () => {
  await pipeline.close();
  await stores.close();
});

async function start(): Promise<void> {
  catalogue = standingCatalogue(catalogueFrom());
  pipeline = await startPipeline({
    stores,
    catalogue,
    declared: { official: () => null, works: () => null },
    clock,
    channel: { send: async () => {} },
    connected: () => new Set([station]),
    metrics: createMetrics(),
    log: silentLog(),
    build: 'test',
    onLost: (error) => expect.unreachable(error.message),
  });
}

function reading(seq: number, observedAtMs: number, stageMm: number, clockState: Reading['clock'] = 'synced'): Reading {
  return {
    seq,
    observedAtMs,
    distanceMm: 4500 - stageMm,
    echo: 'seen',
    spreadMm: 2,
    validPercent: 100,
    temperatureDeciC: null,
    flag: 1,
    test: 'none',
    clock: clockState,
  };
}

async function receive(readings: Reading[], differs: Partial<ReadingsBatch> = {}): Promise<void> {
  const batch = { stream, boot: 'b1', rev: 0, gauge: 'main', intervalS: 60, maintenance: false, lost: [], ...differs };
  const payload = encodeReadings({ ...batch, readings });
  await pipeline.receive({ station, kind: 'readings', topic: topicOf(station, 'readings'), payload });
  await pipeline.judge.run();
}

async function say(kind: 'health' | 'about', message: object): Promise<void> {
  const payload = new TextEncoder().encode(JSON.stringify(message));
  await pipeline.receive({ station, kind, topic: topicOf(station, kind), payload });
}

const known = () => pipeline.judge.known().get(station);
const served = () =>
  readingColumns(stores.readings, catalogue.stations[0] as never, {
    fromMs: 0,
    toMs: noonMs + 100 * hourMs,
    nowMs: clock.now(),
    limit: 1000,
  });

const long = 22 * 30 * 24 * hourMs;

test('a station that was known, whose clock then is 22 months behind, is judged by receipt; corrected, by its own time', async () => {
  await receive([reading(1, noonMs, 300)]);
  clock.moveTo(noonMs + hourMs);
  await receive([reading(2, noonMs - long, 900, 'unsynced')]);
  expect(known()?.level).toMatchObject({ severity: 1, presence: 'live', note: 'clock-uncertain' });
  expect(known()?.value).toMatchObject({ stageMm: 900, receivedAt: new Date(clock.now()).toISOString() });

  clock.moveTo(noonMs + hourMs + 5_000);
  await receive([reading(2, noonMs + hourMs - 2_000, 900)], { rev: 1 });
  expect(known()?.level).toMatchObject({ severity: 1, presence: 'live', note: null });
  expect(known()?.value).toMatchObject({ observedAt: new Date(noonMs + hourMs - 2_000).toISOString(), stageMm: 900 });
  expect(await served()).toMatchObject({ seq: [1, 2], rev: [0, 1], stageMm: [300, 900] });
});

test('a new station with a wrong clock is judged at once, and right within a turn of its correction', async () => {
  await receive([reading(1, noonMs - long, 900, 'unsynced')]);
  expect(known()?.level).toMatchObject({ severity: 1, presence: 'live', note: 'clock-uncertain' });
  await receive([reading(1, noonMs - 1_000, 900)], { rev: 1 });
  expect(known()?.level).toMatchObject({ severity: 1, presence: 'live', note: null });
  const { observedAtMs, stageMm } = await served();
  expect([observedAtMs, stageMm]).toEqual([[noonMs - 1_000], [900]]);
});

test('a backlog of unknown age is no present: the newest of its stream alone is', async () => {
  await receive([reading(9, noonMs - long, 300, 'unsynced')]);
  await receive([1, 2, 3].map((seq) => reading(seq, noonMs - long - (9 - seq) * minuteMs, 2_100, 'unsynced')));
  expect(known()?.level).toMatchObject({ severity: 0, presence: 'live', note: 'clock-uncertain' });
  await receive(
    [10, 11].map((seq) => reading(seq, noonMs - long + seq * minuteMs, seq === 11 ? 900 : 2_100, 'unsynced')),
  );
  expect(known()?.level).toMatchObject({ severity: 1 });
});

test('what was refused as ahead of time is taken when it comes corrected, once', async () => {
  await receive([reading(1, noonMs + 5 * hourMs, 900, 'unsynced')]);
  expect(known()?.value).toBeNull();
  expect((await stores.quarantine.list(9)).map(({ reason }) => reason)).toEqual(['time-ahead']);
  await receive([reading(1, noonMs, 900)], { rev: 1 });
  expect(known()?.level).toMatchObject({ severity: 1, presence: 'live' });
  expect(await served()).toMatchObject({ seq: [1], rev: [1], stageMm: [900] });
  await receive([reading(1, noonMs, 900)], { rev: 1 });
  expect((await served()).seq).toEqual([1]);
});

test('episodes of a wrong time go when the right time is known', async () => {
  const wrong = [900, 910, 920, 300, 300].map((stageMm, i) =>
    reading(i + 1, noonMs - long + i * 20 * minuteMs, stageMm, 'unsynced'),
  );
  await receive(wrong, { intervalS: 1200 });
  const between = () => pipeline.history.between(station, 0, noonMs + hourMs);
  await expect.poll(async () => (await between()).map(({ sinceMs }) => sinceMs)).toEqual([noonMs - long]);
  const right = wrong.map((each, i) => ({ ...each, observedAtMs: noonMs - 2 * hourMs + i * 20 * minuteMs }));
  await receive(
    right.map((each) => ({ ...each, clock: 'synced' })),
    { rev: 1, intervalS: 1200 },
  );
  await expect.poll(async () => (await between()).map(({ sinceMs }) => sinceMs)).toEqual([noonMs - 2 * hourMs]);
});

const health = (differs: Partial<OnlineHealth>): OnlineHealth => ({
  ...(wellDevice.health as OnlineHealth),
  at: new Date(clock.now()).toISOString(),
  stream,
  ...differs,
});

test('declared maintenance is told of the station as long as it lasts, whatever its clock says', async () => {
  await receive([reading(1, noonMs, 300)]);
  await say('health', health({ maintenanceUntil: new Date(noonMs + hourMs).toISOString() }));
  await pipeline.judge.sweep();
  expect(known()?.level.maintenance).toBe(true);
  // Silent past its stale limit, and still no alarm calls of it.
  clock.moveTo(noonMs + 50 * minuteMs);
  await pipeline.judge.sweep();
  expect(known()?.level).toMatchObject({ maintenance: true, presence: 'stale' });
  clock.moveTo(noonMs + hourMs);
  await pipeline.judge.sweep();
  expect(known()?.level.maintenance).toBe(false);

  const until = new Date(clock.now() - long + hourMs).toISOString();
  await say(
    'health',
    health({
      connection: 2,
      at: new Date(clock.now() - long).toISOString(),
      clock: 'unsynced',
      maintenanceUntil: until,
    }),
  );
  await pipeline.judge.sweep();
  expect(known()?.level.maintenance).toBe(true);
  clock.moveTo(noonMs + 2 * hourMs + 1);
  await pipeline.judge.sweep();
  expect(known()?.level.maintenance).toBe(false);
});

test('readings under maintenance speak for themselves, but not for ever', async () => {
  await receive([reading(1, noonMs, 300)]);
  await receive([reading(2, noonMs + 1, 300)], { maintenance: true });
  expect(known()?.level.maintenance).toBe(true);
  clock.moveTo(noonMs + 10 * minuteMs);
  await pipeline.judge.sweep();
  expect(known()?.level).toMatchObject({ maintenance: false, presence: 'stale' });
});

const record = 'ab'.repeat(32);
const measured: Calibration = {
  gauge: 'main',
  validFrom: new Date(noonMs - 2 * hourMs).toISOString(),
  sensorElevationMm: 4_620,
  faceOffsetMm: 20,
  by: 'Tono',
  record,
  relevelDue: '2026-01-15',
  staffCheck: { staffMm: 1_000, stageMm: 998, at: new Date(noonMs - 2 * hourMs).toISOString() },
};
const about = { v: 1, firmware: { name: 'siaga-agent', version: '0.2.0' }, gauges: [] };
const inCatalogue: Calibration = {
  gauge: 'main',
  validFrom: '2020-01-01T00:00:00Z',
  sensorElevationMm: 4_500,
  faceOffsetMm: 0,
};

test('a calibration from the field counts once a person accepts it: present, past, and after a restart', async () => {
  const water = [700, 720, 740, 760, 760, 760].map((stageMm, i) =>
    reading(i + 1, noonMs - 3 * hourMs + i * 30 * minuteMs, stageMm),
  );
  await receive([...water, reading(7, noonMs, 760)], { intervalS: 1800 });
  await say('about', { ...about, calibrations: [inCatalogue, measured] });
  const { care } = pipeline;
  const [proposal, ...others] = (await care.overview.calibrationsOf(station)) ?? [];
  expect(others).toEqual([]);
  expect(proposal).toMatchObject({ state: 'proposed', record, present: { withItMm: 860, withoutItMm: 760 } });
  expect((await care.overview.of(station))?.visits.map(({ code }) => code)).toContain('calibration');
  expect(known()?.level.severity).toBe(0);

  expect(await care.calibrations.decide('ratna', station, record, 'accepted', 'levelled')).toMatchObject({ ok: true });
  expect(known()?.value?.stageMm).toBe(860);
  expect(known()?.level).toMatchObject({ severity: 1, bandLabel: 'Siaga III' });
  // A new datum is no step of the water.
  expect(known()?.judged.approach.map(({ stageMm }) => stageMm)).toEqual([860, 860, 860, 860]);
  expect((await served()).stageMm).toEqual([700, 720, 840, 860, 860, 860, 860]);
  const begins = async () => (await pipeline.history.between(station, 0, noonMs + 1)).map(({ sinceMs }) => sinceMs);
  await expect.poll(begins).toEqual([noonMs - 2 * hourMs]);
  const [line] = await stores.audit.list({ limit: 1 });
  expect(line).toMatchObject({ actor: 'ratna', act: 'calibration.accept', subject: station });
  expect((await care.overview.of(station))?.visits.map(({ code }) => code)).toEqual(['relevel']);

  await pipeline.close();
  await start();
  expect(catalogue.station(station)?.calibrations.at(-1)).toMatchObject({ sensorElevationMm: 4_620 });
  expect(known()?.value?.stageMm).toBe(860);

  // A mistake is withdrawn, and all is as before.
  await pipeline.care.calibrations.decide('ratna', station, record, 'refused', 'the wrong benchmark');
  expect(known()?.value?.stageMm).toBe(760);
  expect(known()?.level.severity).toBe(0);
  await expect.poll(begins).toEqual([]);
});

test('told again it stays decided; of another gauge or a time to come it is not taken', async () => {
  await say('about', { ...about, calibrations: [measured, { ...measured, gauge: 'third' }] });
  await pipeline.care.calibrations.decide('ratna', station, record, 'refused', 'no');
  await say('about', { ...about, calibrations: [measured] });
  expect(pipeline.care.calibrations.of(station)).toMatchObject([{ state: 'refused', decided: { by: 'ratna' } }]);

  const { record: _, ...unsigned } = measured;
  const future = { ...unsigned, validFrom: new Date(noonMs + 2 * hourMs).toISOString() };
  await say('about', { ...about, calibrations: [future] });
  const [kept] = pipeline.care.calibrations.of(station);
  expect(kept?.record).toMatch(/^[0-9a-f]{64}$/);
  expect(await pipeline.care.calibrations.decide('ratna', station, kept?.record ?? '', 'accepted', null)).toMatchObject(
    {
      code: 'invalid',
    },
  );
  expect(await pipeline.care.calibrations.decide('ratna', station, 'nothing', 'accepted', null)).toMatchObject({
    code: 'not-found',
  });
});
