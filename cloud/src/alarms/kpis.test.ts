import { expect, test } from 'vitest';
import type { AlarmState, TransitionDraft } from '../domain/alarm.ts';
import { kpisOf } from './kpis.ts';
import { minuteMs, noonMs } from './testing.ts';

const span = { fromMs: noonMs, toMs: noonMs + 2 * 60 * minuteMs };

function line(minute: number, over: Partial<TransitionDraft> = {}) {
  const body: TransitionDraft = {
    kind: 'raised',
    alarm: 'a1',
    group: 'g1',
    actor: 'machine',
    reason: null,
    priority: 'low',
    evidence: {},
    ...over,
  };
  return { atMs: noonMs + minute * minuteMs, body };
}
const call = (minute: number, over: Partial<TransitionDraft> = {}) =>
  line(minute, { evidence: { annunciated: true }, ...over });
const alarm = (id: string, over: Partial<AlarmState> = {}) =>
  [
    id,
    { id, key: `level/${id}`, knownAtMs: noonMs, returnedAtMs: noonMs + 1, closedAtMs: null, drill: null, ...over },
  ] as [string, AlarmState];

test('nothing gives figures, too', () => {
  expect(kpisOf([], new Map(), span)).toMatchObject({
    alarms: { count: 0, per10MinAverage: 0, per10MinMax: 0, floods: [], floodShare: 0 },
    priorities: { low: { count: 0, share: 0 } },
    timeToAcknowledge: { alarms: { medianS: null, p90S: null } },
  });
});

test('a flood begins with more than 10 in 10 minutes and ends with fewer than 5', () => {
  const times = [...Array.from({ length: 12 }, (_, i) => i * 0.5), 30, 60];
  const { alarms } = kpisOf(
    times.map((minute) => call(minute)),
    new Map(),
    span,
  );
  expect(alarms).toMatchObject({ count: 14, per10MinAverage: 14 / 12, per10MinMax: 12 });
  expect(alarms.floods).toEqual([{ fromMs: noonMs, toMs: noonMs + 30 * minuteMs, count: 12 }]);
  expect(alarms.floodShare).toBe(0.25);
  expect(
    kpisOf(
      times.map((minute) => call(minute)),
      new Map(),
      span,
      2,
    ).alarms,
  ).toMatchObject({
    per10MinMax: 6,
    floods: [],
  });
});

test('a flood that lasts ends 10 minutes after its last call', () => {
  const lines = Array.from({ length: 11 }, (_, i) => call(i * 0.1));
  expect(kpisOf(lines, new Map(), span).alarms.floods).toEqual([
    { fromMs: noonMs, toMs: noonMs + 11 * minuteMs, count: 11 },
  ]);
});

test('chattering is three times on within a minute, of the same condition', () => {
  const alarms = new Map([alarm('a1'), alarm('a2'), alarm('a3', { key: 'level/a2' })]);
  const twice = [line(0), line(0.5, { kind: 'reactivated' })];
  expect(kpisOf(twice, alarms, span).chattering).toEqual([]);
  expect(kpisOf([...twice, line(0.9, { kind: 'reactivated' })], alarms, span).chattering).toEqual(['level/a1']);
  expect(kpisOf([...twice, line(1, { kind: 'reactivated' })], alarms, span).chattering).toEqual([]);
  const again = [line(0, { alarm: 'a2' }), line(0.2, { alarm: 'a3' }), line(0.4, { alarm: 'a2', kind: 'reactivated' })];
  expect(kpisOf(again, alarms, span).chattering).toEqual(['level/a2']);
});

test('stale is active for more than a day', () => {
  const dayMs = 24 * 60 * minuteMs;
  const alarms = new Map([
    alarm('old', { knownAtMs: span.toMs - dayMs - 1, returnedAtMs: null }),
    alarm('fresh', { knownAtMs: span.toMs - dayMs, returnedAtMs: null }),
    alarm('over', { knownAtMs: span.toMs - 3 * dayMs, returnedAtMs: span.toMs - 3 * dayMs + 1 }),
  ]);
  expect(kpisOf([], alarms, span).stale).toEqual(['old']);
});

test('shares by priority and source count what called, whatever else happened', () => {
  const alarms = new Map([alarm('a1'), alarm('a2')]);
  const lines = [
    call(0),
    line(1, { kind: 'stepped-down' }),
    call(2, { kind: 'stepped-up', priority: 'high' }),
    call(3, { alarm: 'a2', priority: 'medium' }),
    call(4, { alarm: 'a2', kind: 'reactivated', priority: 'medium' }),
    line(5, { alarm: null, kind: 'group-annunciated' }),
  ];
  const { priorities, topTen, items, alarms: rate } = kpisOf(lines, alarms, span);
  expect([items.count, rate.count]).toEqual([1, 4]);
  expect(priorities).toEqual({
    low: { count: 1, share: 0.25 },
    medium: { count: 2, share: 0.5 },
    high: { count: 1, share: 0.25 },
  });
  expect(topTen).toEqual([
    { key: 'level/a1', count: 2, share: 0.5 },
    { key: 'level/a2', count: 2, share: 0.5 },
  ]);
});

test('time to acknowledge counts from the first unanswered call', () => {
  const answered = (minute: number, id: string) => line(minute, { alarm: id, kind: 'acknowledged', actor: 'op' });
  const lines = [
    ...[1, 2, 3, 4].flatMap((i) => [call(0, { alarm: `a${i}` }), answered(i, `a${i}`)]),
    call(10),
    call(12, { kind: 'stepped-up' }),
    answered(20, 'a1'),
    call(30),
  ].sort((a, b) => a.atMs - b.atMs);
  expect(kpisOf(lines, new Map(), span).timeToAcknowledge.alarms).toEqual({
    answered: 5,
    unanswered: 1,
    medianS: 180,
    p90S: 600,
  });
});

test('a shelf of the top priority for too long is told', () => {
  const shelved = (priority: 'low' | 'high', until: string) =>
    line(0, { kind: 'shelved', priority, evidence: { until } });
  const half = '2026-01-15T05:30:00Z';
  const whole = '2026-01-15T06:00:00Z';
  const of = (...lines: ReturnType<typeof line>[]) => kpisOf(lines, new Map(), span).unauthorisedSuppressions;
  expect([of(shelved('high', half)), of(shelved('low', whole)), of(shelved('high', whole))]).toEqual([0, 0, 1]);
});
