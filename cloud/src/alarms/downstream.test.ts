import type { Reach } from '@siaga/protocol';
import { expect, it } from 'vitest';
import { downstreamOf } from './downstream.ts';

const hourMs = 3_600_000;
const reach = (from: string, to: string, min: number, max: number): Reach => ({
  id: `${from}-${to}`,
  from,
  to,
  river: 'R',
  travelHours: { min, max },
  via: [],
});

it('adds up through all reaches, over the quickest and the slowest way', () => {
  const reaches = [reach('a', 'b', 3, 5), reach('b', 'c', 6, 9), reach('a', 'c', 2, 4), reach('x', 'a', 1, 1)];
  expect(downstreamOf('a', reaches)).toEqual([
    { station: 'c', minMs: 2 * hourMs, maxMs: 14 * hourMs },
    { station: 'b', minMs: 3 * hourMs, maxMs: 5 * hourMs },
  ]);
  expect(downstreamOf('c', reaches)).toEqual([]);
});

it('ends where a catalogue sends water in a ring', () => {
  const ring = [reach('a', 'b', 1, 1), reach('b', 'c', 1, 1), reach('c', 'a', 1, 1)];
  expect(downstreamOf('a', ring).map(({ station }) => station)).toEqual(['b', 'c']);
});
