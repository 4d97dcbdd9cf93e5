import type { OnlineHealth, Reach } from '@siaga/protocol';
import { expect, test } from 'vitest';
import { noonMs, wellDevice } from '../alarms/rules/testing.ts';
import { type Asked, type NeighbourWorld, wishes } from './neighbours.ts';

const hourMs = 3_600_000;
const reach = (from: string, to: string, min: number, max: number): Reach => ({
  id: `${from}-${to}`,
  from,
  to,
  river: 'Ciliwung',
  travelHours: { min, max },
  via: [],
});
/** bogor → katulampa → depok → manggarai → muara, the last far away. */
const reaches = [
  reach('bogor', 'katulampa', 1, 2),
  reach('katulampa', 'depok', 3, 5),
  reach('depok', 'manggarai', 6, 9),
  reach('manggarai', 'muara', 20, 30),
];
const slow: OnlineHealth = {
  ...(wellDevice.health as OnlineHealth),
  cadence: { sampleS: 300, reportS: 900, reason: 'calm' },
};
const world = (differs: Partial<NeighbourWorld>): NeighbourWorld => ({
  nowMs: noonMs,
  rising: [{ station: 'katulampa', severity: 1 }],
  reaches,
  health: () => slow,
  intervalS: () => 900,
  asked: () => undefined,
  ...differs,
});
const asked = (differs: Partial<NeighbourWorld>) =>
  wishes(world(differs)).map(({ station, intervalS, forS }) => `${station} ${intervalS} s for ${forS / 3600} h`);

test('downstream as far as water comes in a day, and just upstream; until the water has come there', () => {
  expect(asked({})).toEqual(['depok 120 s for 5 h', 'manggarai 120 s for 6 h', 'bogor 120 s for 2 h']);
});

test('more often where it matters more', () => {
  expect(asked({ rising: [{ station: 'katulampa', severity: 2 }] })[0]).toBe('depok 60 s for 5 h');
  const both = [
    { station: 'bogor', severity: 1 },
    { station: 'katulampa', severity: 3 },
  ];
  expect(asked({ rising: both })).toEqual(['depok 60 s for 5 h', 'manggarai 60 s for 6 h']);
});

test('nothing rises, nobody is asked; nor is who reports often enough by itself', () => {
  expect(asked({ rising: [] })).toEqual([]);
  const quick: OnlineHealth = { ...slow, cadence: { sampleS: 60, reportS: 60, reason: 'rising' } };
  expect(asked({ health: () => quick })).toEqual([]);
  expect(asked({ health: () => null, intervalS: () => 60 })).toEqual([]);
  expect(asked({ health: () => null, intervalS: () => null })).toHaveLength(3);
});

test('once asked it is left alone for half of the time, then asked anew while the water rises', () => {
  const before = (station: string): Asked => ({
    station,
    because: 'katulampa',
    intervalS: 120,
    askedAtMs: noonMs,
    untilMs: noonMs + 2 * hourMs,
  });
  const obeying: OnlineHealth = { ...slow, cadence: { sampleS: 120, reportS: 120, reason: 'command' } };
  const later = (ms: number, differs: Partial<NeighbourWorld> = {}) =>
    asked({ nowMs: noonMs + ms, asked: before, health: () => obeying, ...differs });
  expect(later(0)).toEqual([]);
  expect(later(0.9 * hourMs)).toEqual([]);
  expect(later(1.1 * hourMs)).toHaveLength(3);
  // One that refused is not asked at every look.
  expect(later(0.9 * hourMs, { health: () => slow })).toEqual([]);
  // What has become worse does not wait.
  expect(later(0.1 * hourMs, { rising: [{ station: 'katulampa', severity: 3 }] })).toHaveLength(3);
});

test('a river that flows in a ring asks each once', () => {
  const ring = [reach('a', 'b', 1, 1), reach('b', 'c', 1, 1), reach('c', 'a', 1, 1)];
  expect(asked({ reaches: ring, rising: [{ station: 'a', severity: 2 }] })).toEqual([
    'b 60 s for 1 h',
    'c 60 s for 2 h',
  ]);
});
