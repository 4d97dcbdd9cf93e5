import { beforeEach, expect, test } from 'vitest';
import { openMemory, type Stores } from '../store/index.ts';
import { incoming, minuteMs, noonMs, reading } from '../store/testing.ts';
import { bucketColumns, readingColumns } from './hydrograph.ts';
import { catalogueFrom, catalogueText } from './testing.ts';

let stores: Stores;
beforeEach(() => {
  stores = openMemory();
});

/** Katulampa, with its second calibration (100 mm higher) in force from `minutes` after noon. */
function station(minutes: number) {
  const text = catalogueText.replace('2020-01-01T00:00:00Z', new Date(noonMs + minutes * minuteMs).toISOString());
  const found = catalogueFrom(text).station('katulampa');
  if (found === undefined) throw new Error('no station');
  return found;
}
const at = (seq: number, minutes: number, distanceMm: number | null, differs = {}) =>
  reading(seq, { observedAtMs: noonMs + minutes * minuteMs, distanceMm, ...differs });
const nowMs = noonMs + 1000 * minuteMs;
const span = (from: number, to: number) => ({
  fromMs: noonMs + from * minuteMs,
  toMs: noonMs + to * minuteMs,
  nowMs,
});

test('each reading by the calibration valid when it was observed', async () => {
  await stores.readings.append([incoming([at(1, 0, 4000), at(2, 1, 4000), at(3, 2, null, { flag: 9, echo: 'none' })])]);
  const columns = await readingColumns(stores.readings, station(1), { ...span(0, 3), limit: 2 });
  expect(columns).toMatchObject({
    station: 'katulampa',
    seq: [1, 2],
    stageMm: [400, 500],
    distanceMm: [4000, 4000],
    gaps: [],
  });
  const rest = await readingColumns(stores.readings, station(1), {
    ...span(0, 3),
    limit: 2,
    after: columns.next as string,
  });
  expect(rest).toMatchObject({ seq: [3], stageMm: [null], flag: [9], next: null });
});

test('what the agent corrected is a column where there was any', async () => {
  await stores.readings.append([incoming([at(1, 0, 4000), at(2, 1, 4000, { correctionMm: -79 })])]);
  const columns = (to: number) => readingColumns(stores.readings, station(-1), { ...span(0, to), limit: 9 });
  expect((await columns(2)).correctionMm).toEqual([0, -79]);
  expect(await columns(1)).not.toHaveProperty('correctionMm');
});

test('buckets turn distance into stage: the nearest is the highest', async () => {
  await stores.readings.append([incoming([at(1, 0, 4000), at(2, 5, 3000), at(3, 12, 2000), at(4, 39, 1000)])]);
  expect(await bucketColumns(stores.readings, station(-1), { ...span(0, 40), buckets: 4 })).toEqual({
    station: 'katulampa',
    bucketMs: 10 * minuteMs,
    fromMs: [noonMs, noonMs + 10 * minuteMs, noonMs + 30 * minuteMs],
    count: [2, 1, 1],
    minMm: [500, 2500, 3500],
    meanMm: [1000, 2500, 3500],
    maxMm: [1500, 2500, 3500],
    gaps: [
      { fromMs: noonMs, toMs: noonMs + 5 * minuteMs },
      { fromMs: noonMs + 5 * minuteMs, toMs: noonMs + 12 * minuteMs },
      { fromMs: noonMs + 12 * minuteMs, toMs: noonMs + 39 * minuteMs },
    ],
  });
});

test('a calibration that changes within a bucket: each side by its own, one bucket', async () => {
  await stores.readings.append([incoming(Array.from({ length: 40 }, (_, i) => at(i + 1, i, 4000)))]);
  const columns = await bucketColumns(stores.readings, station(15), { ...span(0, 40), buckets: 4 });
  expect(columns.fromMs.map((ms) => (ms - noonMs) / minuteMs)).toEqual([0, 10, 20, 30]);
  expect(columns.count).toEqual([10, 10, 10, 10]);
  expect(columns.minMm).toEqual([400, 400, 500, 500]);
  expect(columns.meanMm).toEqual([400, 450, 500, 500]);
  expect(columns.maxMm).toEqual([400, 500, 500, 500]);
});

test('the same buckets whether they divide the span or not, and whatever the number of calibrations', async () => {
  await stores.readings.append([incoming(Array.from({ length: 97 }, (_, i) => at(i + 1, i, 4000 - i)))]);
  for (const buckets of [1, 3, 7, 50, 97, 500]) {
    const whole = await bucketColumns(stores.readings, station(-1), { ...span(0, 97), buckets });
    const cut = await bucketColumns(stores.readings, station(41), { ...span(0, 97), buckets });
    expect(whole.count.reduce((sum, count) => sum + count, 0)).toBe(97);
    expect(whole.fromMs.length).toBeLessThanOrEqual(buckets);
    expect([cut.fromMs, cut.count]).toEqual([whole.fromMs, whole.count]);
    expect(whole.fromMs.every((ms) => (ms - noonMs) % whole.bucketMs === 0)).toBe(true);
  }
});

test('another gauge on request, the primary one else', async () => {
  await stores.readings.append([incoming([at(1, 0, 4000)]), incoming([at(2, 0, 1000)], { gauge: 'second' })]);
  const of = (gauge?: string) =>
    bucketColumns(stores.readings, station(-1), { ...span(0, 10), buckets: 1, ...(gauge ? { gauge } : {}) });
  expect((await of()).maxMm).toEqual([500]);
  expect((await of('second')).maxMm).toEqual([3440]);
});

test('before the first calibration readings count, but have no stage', async () => {
  const old = Date.UTC(2012, 0, 1);
  await stores.readings.append([incoming([reading(1, { observedAtMs: old })])]);
  const columns = await bucketColumns(stores.readings, station(0), {
    fromMs: old,
    toMs: old + 1000,
    nowMs,
    buckets: 1,
  });
  expect(columns).toMatchObject({ count: [1], minMm: [null], meanMm: [null], maxMm: [null] });
});

test('page by page, each with its own gaps: together those of the whole', async () => {
  const minutes = [0, 1, 2, 20, 21, 40, 60, 61];
  await stores.readings.append([incoming(minutes.map((minute, i) => at(i + 1, minute, 4000)))]);
  const whole = await readingColumns(stores.readings, station(-1), { ...span(0, 70), limit: 99 });
  const gaps = [];
  let after: string | undefined;
  for (let pages = 0; pages < 9; pages += 1) {
    const page = await readingColumns(stores.readings, station(-1), {
      ...span(0, 70),
      limit: 3,
      ...(after === undefined ? {} : { after }),
    });
    gaps.push(...page.gaps);
    if (page.next === null) break;
    after = page.next;
  }
  expect(gaps).toEqual(whole.gaps);
  expect(gaps).toHaveLength(4);
});

test('what has not come yet is no gap', async () => {
  await stores.readings.append([incoming([at(1, 0, 4000)])]);
  const asked = { ...span(0, 60), nowMs: noonMs + 20 * minuteMs };
  const silent = [{ fromMs: noonMs, toMs: asked.nowMs }];
  expect((await readingColumns(stores.readings, station(-1), { ...asked, limit: 9 })).gaps).toEqual(silent);
  expect((await bucketColumns(stores.readings, station(-1), { ...asked, buckets: 4 })).gaps).toEqual(silent);
  const tomorrow = { ...span(2000, 3000), limit: 9 };
  expect((await readingColumns(stores.readings, station(-1), tomorrow)).gaps).toEqual([]);
});
