import { describe, expect, it } from 'vitest';
import type { StoredReading } from './outbox.ts';
import { eventTimes, tellsOfFlood, thinned } from './thin.ts';
import { aMinute } from './workbench.ts';

const storedAt = (i: number, over: Parameters<typeof aMinute>[1] = {}): StoredReading => {
  const { reading, ...draft } = aMinute(i, over);
  return { ...draft, stream: 'a'.repeat(16), reading: { ...reading, seq: i + 1 } };
};
const minutes = (count: number, over = {}) => Array.from({ length: count }, (_, i) => storedAt(i, over));
const seqsOf = (readings: readonly StoredReading[]) => readings.map(({ reading }) => reading.seq);

describe('thinning', () => {
  it('keeps one in so many, and the newest', () => {
    const kept = thinned(minutes(35), { before: 1, every: 10, events: [] });
    expect(seqsOf(kept)).toEqual([1, 11, 21, 31, 35]);
    expect(seqsOf(thinned(kept, { before: 10, every: 60, events: [] }))).toEqual([1, 35]);
  });
  it('keeps as many of each gauge, side by side, so that the gaps stay few', () => {
    const two = Array.from({ length: 40 }, (_, i) => storedAt(i, { gauge: i % 2 ? 'spare' : 'main' }));
    expect(seqsOf(thinned(two, { before: 1, every: 10, events: [] }))).toEqual([1, 2, 21, 22, 40]);
  });
  it('keeps everything for three hours around an event, whatever the step', () => {
    const readings = minutes(1_000);
    const events = [readings[500]?.reading.observedAtMs ?? 0];
    const kept = seqsOf(thinned(readings, { before: 1, every: 1_000_000, events }));
    expect(kept).toEqual([...Array.from({ length: 361 }, (_, i) => 321 + i), 1_000]);
  });
});

it('an event is water too near, beyond what is expected, or moving fast: not a flat line, nor silence', () => {
  const flagged = (over: object) => storedAt(0, { reading: over });
  const told = [
    flagged({ echo: 'blanking', distanceMm: 300, flag: 3, test: 'gross-range' }),
    flagged({ flag: 3, test: 'rate-of-change' }),
    flagged({ flag: 3, test: 'gross-range' }),
    flagged({ flag: 3, test: 'flat-line' }),
    flagged({ flag: 9, test: 'gap', echo: 'none', distanceMm: null }),
    flagged({}),
  ];
  expect(told.map(tellsOfFlood)).toEqual([true, true, true, false, false, false]);
  expect(eventTimes(told, tellsOfFlood)).toHaveLength(3);
});
