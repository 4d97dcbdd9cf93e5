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
  expect(alarms.floods).toEqual([{ fromMs: noonMs, toMs: noonMs + 13.5 * minuteMs, count: 12 }]);
  expect(alarms.floodShare).toBe(13.5 / 120);
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

test('hours of quiet after a flood are no flood, and the next one is its own', () => {
  const burst = (minute: number) => Array.from({ length: 11 }, (_, i) => call(minute + i * 0.1));
  const flood = (minute: number) => ({
    fromMs: noonMs + minute * minuteMs,
    toMs: Math.round(noonMs + (minute + 10.6) * minuteMs),
    count: 11,
  });
  const floodsOf = (...lines: ReturnType<typeof line>[]) => kpisOf(lines, new Map(), span).alarms.floods;
  expect(floodsOf(...burst(0))).toEqual([flood(0)]);
  expect(floodsOf(...burst(0), ...burst(100))).toEqual([flood(0), flood(100)]);
  expect(floodsOf(...burst(115))).toEqual([{ ...flood(115), toMs: span.toMs }]);
  expect(floodsOf(...burst(0), ...burst(10.5))).toMatchObject([{ count: 22 }]);
});

test('a clock that was set back disturbs no figure', () => {
  const lines = [call(60), line(30, { kind: 'acknowledged' }), ...Array.from({ length: 4 }, () => call(0))];
  const { alarms, timeToAcknowledge } = kpisOf(lines, new Map(), span);
  expect([alarms.count, alarms.per10MinMax, timeToAcknowledge.alarms.medianS]).toEqual([5, 4, 0]);
});

test('one call is no flood, and its share is all', () => {
  expect(kpisOf([call(0)], new Map([alarm('a1')]), { fromMs: noonMs, toMs: noonMs + 1 })).toMatchObject({
    alarms: { count: 1, per10MinMax: 1, floods: [], floodShare: 0 },
    topTen: [{ key: 'level/a1', count: 1, share: 1 }],
    timeToAcknowledge: { alarms: { answered: 0, unanswered: 1 } },
  });
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
