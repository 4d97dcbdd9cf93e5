import { describe, expect, test } from 'vitest';
import {
  appendReading,
  type Curve,
  chartColumns,
  csvOf,
  curveOf,
  emptyCurve,
  extremesOf,
  gapsUntil,
  tableRows,
  valueRange,
} from './hydrograph-data.ts';

const minuteMs = 60_000;
const columns = {
  station: 'depok',
  bucketMs: 2 * minuteMs,
  fromMs: [0, 2 * minuteMs, 20 * minuteMs],
  count: [2, 2, 1],
  minMm: [90, 110, 300],
  meanMm: [100, 120, 300],
  maxMm: [110, 130, 300],
  gaps: [{ fromMs: 3 * minuteMs, toMs: 20 * minuteMs }],
};
const curve = curveOf(columns, 20.5 * minuteMs);

describe('a hydrograph', () => {
  test('stands in the middle of its buckets, never in the future', () => {
    expect(curve.points.map(({ atMs }) => atMs / minuteMs)).toEqual([1, 3, 20.5]);
    expect(curve.endMs).toBe(20.5 * minuteMs);
  });

  test('has no line across a gap', () => {
    const [times, max, min, mean] = chartColumns(curve.points, curve.gaps);
    expect(times.map((ms) => ms / minuteMs)).toEqual([1, 3, 11.5, 20.5]);
    expect(mean).toEqual([10, 12, null, 30]);
    expect(max[2]).toBeNull();
    expect(min[2]).toBeNull();
  });

  test('leaves out buckets without a stage', () => {
    expect(curveOf({ ...columns, meanMm: [100, null, 300] }, 1e9).points).toHaveLength(2);
  });
});

describe('a live reading', () => {
  test('widens the newest bucket while it lasts, then stands for itself', () => {
    const within = appendReading(curve, 21 * minuteMs, 280, 60);
    expect(within.points.at(-1)).toMatchObject({
      atMs: 20.5 * minuteMs,
      minMm: 280,
      meanMm: 290,
      maxMm: 300,
      count: 2,
    });
    const after = appendReading(within, 22 * minuteMs, 310, 60);
    expect(after.points.at(-1)).toMatchObject({ atMs: 22 * minuteMs, meanMm: 310, count: 1 });
    expect(after.gaps).toEqual(curve.gaps);
  });

  test('after long silence makes a gap; an old one changes nothing', () => {
    const after = appendReading(curve, 60 * minuteMs, 310, 60);
    expect(after.gaps.at(-1)).toEqual({ fromMs: 20.5 * minuteMs, toMs: 60 * minuteMs });
    expect(appendReading(curve, 5 * minuteMs, 1, 60)).toBe(curve);
  });

  test('starts an empty curve', () => {
    expect(appendReading(emptyCurve, 5, 70, 60).points).toHaveLength(1);
  });
});

describe('gaps in view', () => {
  test('include the silence until now once it is longer than 4 intervals', () => {
    expect(gapsUntil(curve, 0, 24 * minuteMs, 60)).toHaveLength(1);
    expect(gapsUntil(curve, 0, 25 * minuteMs, 60).at(-1)).toEqual({ fromMs: 20.5 * minuteMs, toMs: 25 * minuteMs });
  });

  test('leave out what has moved out of it, and do not tell the last silence twice', () => {
    expect(gapsUntil(curve, 20 * minuteMs, 21 * minuteMs, 60)).toEqual([]);
    const told: Curve = { ...curve, gaps: [{ fromMs: 20.5 * minuteMs, toMs: 40 * minuteMs }] };
    expect(gapsUntil(told, 0, 40 * minuteMs, 60)).toHaveLength(1);
  });
});

test('extremes are those of minimum and maximum', () => {
  expect(extremesOf(curve.points)).toMatchObject({ low: { minMm: 90 }, high: { maxMm: 300 }, last: { meanMm: 300 } });
  expect(extremesOf([])).toBeUndefined();
});

test('a table joins points into so many rows, newest first, weighing by readings', () => {
  expect(tableRows(curve.points, 2)).toMatchObject([{ meanMm: 300 }, { minMm: 90, meanMm: 110, maxMm: 130, count: 4 }]);
});

test('CSV says times in UTC and units in its header', () => {
  expect(csvOf('depok', curve.points.slice(0, 1))).toBe(
    'station,time_utc,stage_min_mm,stage_mean_mm,stage_max_mm,readings\r\ndepok,1970-01-01T00:01:00.000Z,90,100,110,2\r\n',
  );
});

test('the range holds the curve and the next limit above it', () => {
  const [low, high] = valueRange(curve.points, [250, 800, 2000]);
  expect(low).toBeLessThan(9);
  expect(high).toBeGreaterThan(80);
  expect(high).toBeLessThan(100);
});
