import { expect, test } from 'vitest';
import { presenceOf } from './presence.ts';

const seen = { observedAtMs: 0, weighedAtMs: 0, intervalS: 60 };

test('late after 2 reporting intervals, stale after 4', () => {
  const at = (s: number) => presenceOf(seen, 3600, s * 1000);
  expect([0, 120, 121, 240, 241].map(at)).toEqual(['live', 'live', 'late', 'late', 'stale']);
});

test('stale at the latest after the cap of the station, whatever the interval', () => {
  const slow = { ...seen, intervalS: 3600 };
  expect(presenceOf(slow, 1800, 1_800_000)).toBe('live');
  expect(presenceOf(slow, 1800, 1_800_001)).toBe('stale');
});

test('counted from the newest reading that weighs', () => {
  expect(presenceOf({ ...seen, observedAtMs: 240_000 }, 3600, 241_000)).toBe('stale');
  expect(presenceOf({ ...seen, weighedAtMs: null }, 3600, 0)).toBe('stale');
});

test('never, until a reading came', () => {
  expect(presenceOf({ observedAtMs: null, weighedAtMs: null, intervalS: null }, 3600, 1e12)).toBe('never');
});

test('stale while the newest reading lies further ahead than one may: the clock stepped back, and age says nothing', () => {
  expect(presenceOf(seen, 3600, -15 * 60_000)).toBe('live');
  expect(presenceOf(seen, 3600, -15 * 60_000 - 1)).toBe('stale');
});
