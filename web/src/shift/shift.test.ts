import type { LogEntry } from '@siaga/protocol';
import { describe, expect, test } from 'vitest';
import type { AlarmKpis } from './kpi-api.ts';
import { kpiRows } from './kpi-rows.ts';
import { byDay, handoversTo, merged, withNewest } from './log-entries.ts';

function entry(no: number, more: Partial<LogEntry> = {}): LogEntry {
  const at = new Date(Date.parse('2026-11-22T16:00:00Z') + no * 3_600_000).toISOString();
  return {
    no,
    at,
    kind: 'entry',
    actor: 'a',
    text: `${no}`,
    alarm: null,
    station: null,
    drill: null,
    handover: null,
    ...more,
  };
}
const nos = (entries: readonly LogEntry[]) => entries.map(({ no }) => no);

describe('the log as it comes', () => {
  test('is newest first, each entry once, the later answer winning', () => {
    const known = [entry(5), entry(3)];
    const result = merged(known, [entry(6), entry(5, { text: 'again' })]);
    expect(nos(result)).toEqual([6, 5, 3]);
    expect(result[1]?.text).toBe('again');
  });

  test('keeps what was paged back to while the newest page reaches it', () => {
    expect(nos(withNewest([entry(4), entry(2), entry(1)], [entry(5), entry(4)], 2))).toEqual([5, 4, 2, 1]);
  });

  test('forgets what a full page does not reach, rather than hide a hole', () => {
    expect(nos(withNewest([entry(4), entry(2)], [entry(9), entry(8)], 2))).toEqual([9, 8]);
    expect(nos(withNewest([entry(4)], [entry(9)], 2))).toEqual([9, 4]);
    expect(nos(withNewest([], [entry(9), entry(8)], 2))).toEqual([9, 8]);
  });

  test('is shown by days', () => {
    const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);
    expect(byDay([entry(9), entry(8), entry(1)], dayOf).map(({ day, entries }) => [day, nos(entries)])).toEqual([
      ['2026-11-23', [9, 8]],
      ['2026-11-22', [1]],
    ]);
  });

  test('offers a handover to whom it is for, until it is accepted', () => {
    const to = (person: string, accepted: boolean) => ({ handover: { to: person, open: [], accepted } });
    const entries = [entry(3, to('b', false)), entry(2, to('b', true)), entry(1, to('c', false))];
    expect(nos(handoversTo('b', entries))).toEqual([3]);
    expect(handoversTo(undefined, entries)).toEqual([]);
  });
});

describe('figures beside their targets', () => {
  const portion = (count: number, share: number) => ({ count, share });
  const kpis: AlarmKpis = {
    from: '2026-11-22T00:00:00Z',
    to: '2026-11-23T00:00:00Z',
    items: { count: 12, per10MinAverage: 0.0833, per10MinMax: 12, floods: [{ count: 12 }], floodShare: 0.0208 },
    priorities: { low: portion(80, 0.8), medium: portion(15, 0.15), high: portion(5, 0.05) },
    chattering: [],
    stale: ['a', 'b', 'c', 'd', 'e'],
    topTen: [{ key: 'level/depok', count: 7, share: 0.07 }],
    timeToAcknowledge: { items: { answered: 2, unanswered: 1, medianS: 90, p90S: null } },
    unauthorisedSuppressions: 0,
  };
  const verdicts = (some: AlarmKpis) => kpiRows(some).map(({ held }) => held);

  test('say which were held', () => {
    expect(verdicts(kpis)).toEqual([true, false, false, true, true, false, false, true, null, null, null]);
    expect(kpiRows(kpis).map(({ value }) => value)).toEqual([
      '0.1',
      '12',
      '1, 2.1 % of the time',
      '80 %, 15 %, 5 %',
      '0',
      '5',
      '7 %',
      '0',
      '1 min',
      '–',
      '1',
    ]);
  });

  test('judge no shares of a handful', () => {
    const priorities = { low: portion(0, 0), medium: portion(0, 0), high: portion(2, 1) };
    expect(verdicts({ ...kpis, priorities })[3]).toBeNull();
    expect(verdicts({ ...kpis, priorities })[6]).toBeNull();
  });

  test('count stale alarms by the day', () => {
    expect(verdicts({ ...kpis, from: '2026-11-16T00:00:00Z' })[5]).toBe(true);
  });
});
