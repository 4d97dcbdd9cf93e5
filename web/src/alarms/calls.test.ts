import { describe, expect, test } from 'vitest';
import { type Flood, floodAfter, hear, noFlood } from './calls.ts';
import { alarmOf } from './testing.ts';

const later = '2014-01-29T16:05:00.000Z';

describe('what calls anew', () => {
  const first = hear(undefined, [alarmOf('a1')]);

  test('nothing, when the page opens', () => {
    expect(first.anew).toEqual([]);
  });

  test('is raised or repeated and not yet taken; the highest first', () => {
    const calls = hear(first.heard, [
      alarmOf('a1', { annunciatedAt: later }),
      alarmOf('a2', { priority: 'high' }),
      alarmOf('a3', { annunciatedAt: null }),
      alarmOf('a4', { acknowledged: { by: 'a', at: later } }),
      alarmOf('a5', { suppression: { kind: 'maintenance', at: later } }),
    ]);
    expect(calls.anew.map(({ id }) => id)).toEqual(['a2', 'a1']);
  });

  test('never twice for one annunciation', () => {
    expect(hear(first.heard, [alarmOf('a1', { version: 7 })]).anew).toEqual([]);
  });
});

describe('an alarm flood', () => {
  const minute = 60_000;
  const calls = (count: number, ms: number) => Array.from({ length: count }, () => ms);

  test('starts above 10 in 10 minutes and ends below 5', () => {
    expect(floodAfter(noFlood, calls(10, 0), minute).on).toBe(false);
    const on = floodAfter(noFlood, [...calls(7, 0), ...calls(5, 5 * minute)], 5 * minute);
    expect(on.on).toBe(true);
    const fewer = floodAfter(on, [], 11 * minute);
    expect(fewer).toEqual({ on: true, calls: calls(5, 5 * minute) } satisfies Flood);
    expect(floodAfter(fewer, [], 16 * minute)).toEqual(noFlood);
  });
});
