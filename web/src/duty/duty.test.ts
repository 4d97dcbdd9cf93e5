import type { DutyShift } from '@siaga/protocol';
import { describe, expect, test } from 'vitest';
import { mintShiftId, nextShift, rosterDuties } from './roster.ts';
import { gapsIn, joined, turnsIn, weekOf } from './week.ts';
import { instantFrom, textOf } from './zone-time.ts';

const jakarta = 'Asia/Jakarta';
const london = 'Europe/London';
const at = (text: string) => Date.parse(text);
const iso = (ms: number) => new Date(ms).toISOString();

function shift(more: Partial<DutyShift> = {}): DutyShift {
  const from = '2026-11-23T00:00:00.000Z';
  return { id: 's', person: 'p', duty: 'operator', from, to: '2026-11-23T12:00:00.000Z', weekly: false, ...more };
}

describe('wall-clock times', () => {
  test('go into an input of a zone and come back', () => {
    expect(textOf(jakarta, at('2026-11-23T00:00:00Z'))).toBe('2026-11-23T07:00');
    expect(instantFrom(jakarta, '2026-11-23T07:00')).toBe(at('2026-11-23T00:00:00Z'));
    expect(instantFrom(london, '2026-07-01T12:00')).toBe(at('2026-07-01T11:00:00Z'));
    expect(instantFrom('America/St_Johns', '2026-01-01T00:00')).toBe(at('2026-01-01T03:30:00Z'));
  });

  test('half filled are none', () => {
    expect(instantFrom(jakarta, '')).toBeUndefined();
    expect(instantFrom(jakarta, '2026-13-01T00:00')).toBeUndefined();
  });
});

describe('a week', () => {
  test('begins on Monday by the zone’s clock', () => {
    // Sunday evening in London is Monday in Jakarta.
    const days = weekOf(jakarta, at('2026-11-22T20:00:00Z'), 0);
    expect(days).toHaveLength(7);
    expect(iso(days[0]?.fromMs ?? 0)).toBe('2026-11-22T17:00:00.000Z');
    expect(iso(weekOf(london, at('2026-11-22T20:00:00Z'), 0)[0]?.fromMs ?? 0)).toBe('2026-11-16T00:00:00.000Z');
    expect(iso(weekOf(jakarta, at('2026-11-22T20:00:00Z'), -1)[0]?.fromMs ?? 0)).toBe('2026-11-15T17:00:00.000Z');
  });

  test('has a day of 25 hours when the clocks go back', () => {
    const sunday = weekOf(london, at('2026-10-25T12:00:00Z'), 0)[6];
    expect((sunday?.toMs ?? 0) - (sunday?.fromMs ?? 0)).toBe(25 * 3_600_000);
  });
});

describe('turns', () => {
  const week = (weeks: number) => {
    const days = weekOf(jakarta, at('2026-11-23T00:00:00Z'), weeks);
    return [days[0]?.fromMs ?? 0, days[6]?.toMs ?? 0] as const;
  };

  test('of a dated shift are there once', () => {
    expect(turnsIn([shift()], jakarta, ...week(0))).toHaveLength(1);
    expect(turnsIn([shift()], jakarta, ...week(1))).toHaveLength(0);
  });

  test('of a weekly one come every week from its first on, never before', () => {
    const weekly = shift({ weekly: true });
    expect(turnsIn([weekly], jakarta, ...week(-1))).toHaveLength(0);
    for (const weeks of [0, 1, 60]) expect(turnsIn([weekly], jakarta, ...week(weeks))).toHaveLength(1);
  });

  test('keep the hour of the wall clock when summer time begins', () => {
    const weekly = shift({ from: '2026-03-24T07:00:00.000Z', to: '2026-03-24T19:00:00.000Z', weekly: true });
    const [turn] = turnsIn([weekly], london, at('2026-03-30T00:00:00Z'), at('2026-04-05T00:00:00Z'));
    expect(iso(turn?.fromMs ?? 0)).toBe('2026-03-31T06:00:00.000Z');
  });

  test('of a night are in both of its days, and of a whole week in the next one’s beginning', () => {
    const night = shift({ from: '2026-11-23T12:00:00.000Z', to: '2026-11-24T00:00:00.000Z' });
    const days = weekOf(jakarta, at('2026-11-23T00:00:00Z'), 0);
    const touching = days.map(({ fromMs, toMs }) => turnsIn([night], jakarta, fromMs, toMs).length);
    expect(touching).toEqual([1, 1, 0, 0, 0, 0, 0]);
    const whole = shift({ from: '2026-11-23T00:00:00.000Z', to: '2026-11-30T00:00:00.000Z', weekly: true });
    expect(turnsIn([whole], jakarta, ...week(1))).toHaveLength(2);
  });
});

describe('gaps', () => {
  const turn = (duty: string, fromMs: number, toMs: number) => ({ duty, person: 'p', fromMs, toMs });
  const spans = (turns: readonly { fromMs: number; toMs: number }[]) => turns.map(({ fromMs, toMs }) => [fromMs, toMs]);

  test('are where nobody has the duty', () => {
    const turns = [turn('operator', 2, 5), turn('supervisor', 0, 10), turn('operator', 4, 7), turn('operator', 9, 14)];
    expect(spans(gapsIn(turns, ['operator'], 0, 10))).toEqual([
      [0, 2],
      [7, 9],
    ]);
    expect(gapsIn(turns, ['supervisor'], 0, 10)).toEqual([]);
    expect(spans(gapsIn([], ['operator'], 0, 10))).toEqual([[0, 10]]);
  });

  test('found twice are shown once', () => {
    const gap = (duty: string, fromMs: number, toMs: number) => ({ duty, person: null, fromMs, toMs });
    const all = [gap('a', 0, 4), gap('a', 3, 20), gap('b', 2, 3), gap('a', 30, 40)];
    expect(spans(joined(all, 1, 10))).toEqual([
      [1, 10],
      [2, 3],
    ]);
  });
});

describe('the roster', () => {
  test('knows the duties of the chain that are missed, too', () => {
    const gaps = [{ duty: 'admin', from: '2026-11-23T00:00:00Z', to: '2026-11-24T00:00:00Z' }];
    expect(rosterDuties({ version: 1, shifts: [shift({ duty: 'driver' })], now: [], gaps })).toEqual([
      'operator',
      'supervisor',
      'admin',
      'driver',
    ]);
  });

  test('proposes a shift that follows the last of its duty', () => {
    const place = { nowMs: at('2026-11-23T03:00:00Z'), timeZone: jakarta, duty: 'operator', id: 'n' };
    expect(nextShift([shift()], place).from).toBe('2026-11-23T12:00:00.000Z');
    expect(nextShift([], place).from).toBe('2026-11-23T00:00:00.000Z');
    expect(mintShiftId()).toMatch(/^[0-9a-f]{16}$/);
  });
});
