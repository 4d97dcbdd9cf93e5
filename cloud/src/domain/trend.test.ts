import fc from 'fast-check';
import { expect, test } from 'vitest';
import { trendOf } from './trend.ts';

const minute = 60_000;
const points = (count: number, stageMm: (i: number) => number, everyMs = minute) =>
  Array.from({ length: count }, (_, i) => ({ atMs: i * everyMs, stageMm: stageMm(i) }));

test('rising, falling, steady, with the rate in mm per 10 min', () => {
  expect(trendOf(points(31, (i) => 1000 + 5 * i))).toEqual({ trend: 'rising', rateMmPer10Min: 50 });
  expect(trendOf(points(31, (i) => 1000 - 5 * i))).toEqual({ trend: 'falling', rateMmPer10Min: -50 });
  expect(trendOf(points(31, () => 1000))).toEqual({ trend: 'steady', rateMmPer10Min: 0 });
});

test('three quarters of an hour are enough for a station that reports every 15 min; two readings are not', () => {
  expect(trendOf(points(3, (i) => i * 30, 15 * minute))).toEqual({ trend: 'rising', rateMmPer10Min: 20 });
  expect(trendOf(points(2, (i) => i * 30, 15 * minute))).toBeNull();
  expect(trendOf(points(20, (i) => i, 1000))).toBeNull();
  expect(trendOf([])).toBeNull();
});

test('looks back 30 min only', () => {
  const fellThenRises = points(91, (i) => (i < 60 ? 5000 - 50 * i : 2000 + 3 * (i - 60)));
  expect(trendOf(fellThenRises)).toEqual({ trend: 'rising', rateMmPer10Min: 30 });
});

test('a quarter of wild points does not move it', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -4000, max: 4000 }), { minLength: 7, maxLength: 7 }), (spikes) => {
      const spiked = points(31, (i) => (i % 4 === 1 ? (spikes[i >> 2] ?? 0) : 1000 + 5 * i));
      expect(trendOf(spiked)?.trend).toBe('rising');
    }),
  );
});

test('ripple within a few millimetres is steady', () => {
  const ripple = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 31, maxLength: 31 });
  fc.assert(
    fc.property(ripple, (noise) => {
      expect(trendOf(points(31, (i) => 1000 + (noise[i] as number)))?.trend).toBe('steady');
    }),
  );
});

test('thousands of bursts cost no more than a few: the newest counts', () => {
  const many = points(1800, (i) => i, 1000);
  expect(trendOf(many)).toEqual({ trend: 'rising', rateMmPer10Min: 600 });
});
