import { expect, test } from 'vitest';
import { periodicHydrograph } from './hydrograph.ts';

const points = [
  { atMs: 1000, stageMm: 100 },
  { atMs: 2000, stageMm: 400 },
  { atMs: 4000, stageMm: 380 },
  { atMs: 7000, stageMm: 90 },
];
const curve = periodicHydrograph(points, 10_000);

test('the curve passes through every point exactly, in this period and in others', () => {
  for (const { atMs, stageMm } of points)
    for (const period of [-2, -1, 0, 1, 5]) expect(curve(atMs + period * 10_000)).toBeCloseTo(stageMm, 6);
});

test('it never overshoots its points', () => {
  for (let atMs = 0; atMs < 10_000; atMs += 7) {
    expect(curve(atMs)).toBeLessThanOrEqual(400);
    expect(curve(atMs)).toBeGreaterThanOrEqual(90);
  }
});

test('it rises all the way between two rising points, and has no step where the period closes', () => {
  for (let atMs = 1000; atMs < 2000; atMs += 10) expect(curve(atMs + 10)).toBeGreaterThan(curve(atMs));
  for (let atMs = 0; atMs < 20_000; atMs += 10) expect(Math.abs(curve(atMs + 10) - curve(atMs))).toBeLessThan(10);
});

test('points that make no curve are refused', () => {
  expect(() => periodicHydrograph([{ atMs: 0, stageMm: 1 }], 100)).toThrow('two points');
  expect(() =>
    periodicHydrograph(
      [
        { atMs: 5, stageMm: 1 },
        { atMs: 5, stageMm: 2 },
      ],
      100,
    ),
  ).toThrow('order of time');
  expect(() =>
    periodicHydrograph(
      [
        { atMs: 0, stageMm: 1 },
        { atMs: 100, stageMm: 2 },
      ],
      100,
    ),
  ).toThrow('more than a period');
});
