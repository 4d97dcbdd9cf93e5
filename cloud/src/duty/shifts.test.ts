import type { DutyShift } from '@siaga/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  dayMs,
  hourMs,
  instantOf,
  localMsOf,
  localTime,
  minuteOfDay,
  weekdayTime,
  weekMs,
  zoneLetters,
} from './local-time.ts';
import { gapsIn, onDuty, turnsIn } from './shifts.ts';

const berlin = 'Europe/Berlin';
const jakarta = 'Asia/Jakarta';
const ms = (iso: string) => Date.parse(iso);
const shift = (over: Partial<DutyShift>): DutyShift => ({
  id: 's1',
  person: 'sari0001',
  duty: 'operator',
  from: '2026-03-02T21:00:00Z',
  to: '2026-03-03T05:00:00Z',
  weekly: false,
  ...over,
});

describe('local time', () => {
  test('reads the wall clock and finds the instant again, on both sides of a change of clocks', () => {
    expect(localTime(jakarta, ms('2014-01-29T19:10:00Z'))).toBe('02:10');
    expect(weekdayTime(jakarta, ms('2014-01-29T19:10:00Z'))).toBe('Thu 02:10');
    expect(minuteOfDay(jakarta, ms('2014-01-29T19:10:00Z'))).toBe(130);
    expect(zoneLetters(jakarta, 0)).toBe('WIB');
    expect(zoneLetters(berlin, ms('2026-07-01T00:00:00Z'))).toBe('CEST');
    expect(new Date(instantOf(berlin, ms('2026-03-29T01:59:00Z'))).toISOString()).toBe('2026-03-29T00:59:00.000Z');
    expect(new Date(instantOf(berlin, ms('2026-03-29T03:00:00Z'))).toISOString()).toBe('2026-03-29T01:00:00.000Z');
  });

  test('02:30 that the clocks skip is 03:30; of two 02:30 it is the first', () => {
    expect(new Date(instantOf(berlin, ms('2026-03-29T02:30:00Z'))).toISOString()).toBe('2026-03-29T01:30:00.000Z');
    expect(new Date(instantOf(berlin, ms('2026-10-25T02:30:00Z'))).toISOString()).toBe('2026-10-25T00:30:00.000Z');
  });

  test('every instant is found again but the second of two alike', () => {
    const zones = fc.constantFrom(berlin, jakarta, 'America/St_Johns', 'Australia/Lord_Howe', 'Asia/Kathmandu');
    fc.assert(
      fc.property(zones, fc.integer({ min: 0, max: 4e12 }), (zone, atMs) => {
        const again = instantOf(zone, localMsOf(zone, atMs));
        expect(localMsOf(zone, again)).toBe(localMsOf(zone, atMs));
        expect(again).toBeLessThanOrEqual(atMs);
        expect(atMs - again).toBeLessThanOrEqual(2 * hourMs);
      }),
      { numRuns: 200 },
    );
  });
});

describe('shifts', () => {
  test('a dated one holds from its first instant and not at its last', () => {
    const shifts = [shift({})];
    expect(onDuty(shifts, berlin, ms('2026-03-02T20:59:59.999Z'))).toEqual([]);
    expect(onDuty(shifts, berlin, ms('2026-03-02T21:00:00Z'))).toEqual([{ duty: 'operator', person: 'sari0001' }]);
    expect(onDuty(shifts, berlin, ms('2026-03-03T05:00:00Z'))).toEqual([]);
    expect(onDuty(shifts, berlin, ms('2026-03-09T22:00:00Z'))).toEqual([]);
  });

  test('a weekly one keeps its local hours when the clocks change: 22–06 in winter and in summer', () => {
    const turns = turnsIn([shift({ weekly: true })], berlin, ms('2026-03-22T12:00:00Z'), ms('2026-04-07T12:00:00Z'));
    expect(turns.map((turn) => [turn.fromMs, turn.toMs].map((at) => new Date(at).toISOString().slice(0, 16)))).toEqual([
      ['2026-03-23T21:00', '2026-03-24T05:00'],
      ['2026-03-30T20:00', '2026-03-31T04:00'],
      ['2026-04-06T20:00', '2026-04-07T04:00'],
    ]);
    expect(turns.every(({ fromMs }) => localTime(berlin, fromMs) === '22:00')).toBe(true);
  });

  test('the night of the change is an hour shorter, and its neighbours leave no gap', () => {
    const night = shift({ id: 'n', weekly: true, from: '2026-03-07T21:00:00Z', to: '2026-03-08T05:00:00Z' });
    const day = shift({ id: 'd', weekly: true, from: '2026-03-08T05:00:00Z', to: '2026-03-08T21:00:00Z' });
    const span = { fromMs: ms('2026-03-28T21:00:00Z'), toMs: ms('2026-03-29T20:00:00Z') };
    const [turn] = turnsIn([night], berlin, span.fromMs, span.toMs);
    expect(turn && (turn.toMs - turn.fromMs) / hourMs).toBe(7);
    expect(gapsIn([night, day], ['operator'], berlin, span)).toEqual([]);
  });

  test('a weekly one does not hold before its first turn', () => {
    expect(onDuty([shift({ weekly: true })], jakarta, ms('2026-02-23T22:00:00Z'))).toEqual([]);
    expect(onDuty([shift({ weekly: true })], jakarta, ms('2036-03-03T22:00:00Z'))).toHaveLength(1);
  });

  test('gaps are told by duty; who cannot be told leaves one', () => {
    const span = { fromMs: ms('2026-03-02T20:00:00Z'), toMs: ms('2026-03-03T06:00:00Z') };
    const overlapping = [
      shift({}),
      shift({ id: 's2', person: 'budi0001', from: '2026-03-02T22:00:00Z', to: '2026-03-03T05:30:00Z' }),
    ];
    expect(gapsIn(overlapping, ['operator', 'supervisor'], jakarta, span)).toEqual([
      { duty: 'operator', fromMs: span.fromMs, toMs: ms('2026-03-02T21:00:00Z') },
      { duty: 'supervisor', ...span },
      { duty: 'operator', fromMs: ms('2026-03-03T05:30:00Z'), toMs: span.toMs },
    ]);
    expect(gapsIn(overlapping, ['operator'], jakarta, span, (person) => person !== 'budi0001')).toHaveLength(2);
  });

  test('who is on duty agrees with the turns, and a gap is exactly when nobody is', () => {
    const starts = ms('2026-01-01T00:00:00Z');
    const shifts = fc.array(
      fc.record({
        startH: fc.integer({ min: 0, max: 500 }),
        hours: fc.integer({ min: 1, max: 168 }),
        weekly: fc.boolean(),
      }),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(shifts, fc.integer({ min: 0, max: 100 * 24 }), (drawn, h) => {
        const made = drawn.map(({ startH, hours, weekly }, i) =>
          shift({
            id: `s${i}`,
            weekly,
            from: new Date(starts + startH * hourMs).toISOString(),
            to: new Date(starts + (startH + hours) * hourMs).toISOString(),
          }),
        );
        const atMs = starts + h * hourMs + 1;
        const inGap = gapsIn(made, ['operator'], berlin, { fromMs: atMs - dayMs, toMs: atMs + weekMs }).some(
          ({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs,
        );
        expect(inGap).toBe(onDuty(made, berlin, atMs).length === 0);
      }),
      { numRuns: 60 },
    );
  });
});
