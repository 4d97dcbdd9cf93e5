import { describe, expect, test } from 'vitest';
import type { AlarmState, GroupState } from './alarm.ts';
import { acknowledgeGroup, callRestMs, groupNow, newsAfterMs, openGroup } from './alarm-group.ts';
import { raise, type Sighting } from './alarm-life.ts';

const noonMs = Date.parse('2026-01-15T05:00:00Z');
const minuteMs = 60_000;
const chain = [{ afterMin: 0 }, { afterMin: 5 }, { afterMin: 15 }];

function sighting(priority: Sighting['priority'], reAlarmMin: number | null): Sighting {
  return {
    signal: 'on',
    priority,
    severity: 1,
    sinceMs: noonMs,
    headline: priority,
    response: '',
    evidence: {},
    terms: { offDelayMs: 5 * minuteMs, reAlarmMs: reAlarmMin === null ? null : reAlarmMin * minuteMs, latch: false },
    keeps: null,
  };
}

function alarm(
  id: string,
  priority: Sighting['priority'] = 'low',
  {
    minute = 0,
    silent = false,
    reAlarmMin = null,
  }: { minute?: number; silent?: boolean; reAlarmMin?: number | null } = {},
): AlarmState {
  const identity = {
    id,
    key: `level/${id}`,
    rule: 'level',
    list: 'flood',
    subject: { kind: 'station', id },
    station: id,
    basin: 'ciliwung',
    group: 'g1',
    drill: null,
    headline: id,
    response: '',
  } as const;
  const atMs = noonMs + minute * minuteMs;
  return raise(identity, sighting(priority, reAlarmMin), silent ? { kind: 'maintenance', atMs } : null, atMs).alarm;
}

const acknowledged = (state: AlarmState): AlarmState => ({ ...state, acknowledged: { by: 'op', atMs: noonMs } });
const returned = (state: AlarmState): AlarmState => ({ ...state, condition: 'returned', returnedAtMs: noonMs });

/** A group over the minutes; `whys` is why it called. */
function group(...first: AlarmState[]) {
  const opened = openGroup({ id: 'g1', list: 'flood', basin: 'ciliwung', drill: null }, first[0] as AlarmState, noonMs);
  let now: GroupState = opened.group;
  const whys: unknown[] = [];
  const stamps = new Map<string, number>();
  /** What the desk stamps an alarm with as it calls. */
  const calledAt = ({ id, annunciatedAtMs }: AlarmState): number => {
    const call = `${id} at ${annunciatedAtMs}`;
    const version = stamps.get(call) ?? now.version;
    stamps.set(call, version);
    return version;
  };
  const told = {
    get now() {
      return now;
    },
    whys,
    at(minute: number, ...seen: AlarmState[]) {
      const nowMs = noonMs + minute * minuteMs;
      const alarms = seen.map((alarm) => ({ ...alarm, calledAtVersion: calledAt(alarm) }));
      const step = groupNow(now, alarms, { headline: `${alarms.length}`, chain, nowMs });
      for (const { kind, evidence } of step.events) if (kind === 'group-annunciated') whys.push(evidence.why);
      now = step.group;
      return told;
    },
    answer(minute: number) {
      now = acknowledgeGroup(now, 'op', now.version, noonMs + minute * minuteMs).group;
      return told;
    },
  };
  return told.at(0, ...first);
}

describe('a group calls', () => {
  test('when it opens', () => {
    const it = group(alarm('a', 'medium'));
    expect(it.now).toMatchObject({ annunciation: 1, priority: 'medium', firstOut: 'a', annunciatedAtMs: noonMs });
    expect(it.at(1, alarm('a', 'medium')).now.annunciation).toBe(1);
  });

  test('not while all that is in it is silent; first is who calls first', () => {
    const it = group(alarm('a', 'high', { silent: true }));
    expect(it.now).toMatchObject({ annunciation: 0, annunciatedAtMs: null, unansweredSinceMs: null });
    it.at(3, alarm('a', 'high', { silent: true }), alarm('b', 'low', { minute: 3 }));
    expect(it.now).toMatchObject({ annunciation: 1, priority: 'low', firstOut: 'b' });
  });

  test('at once when something louder comes, not for what is no louder', () => {
    const it = group(alarm('a', 'low')).at(0.1, alarm('a'), alarm('b', 'low', { minute: 0.1 }));
    expect(it.whys).toEqual(['first']);
    it.at(0.2, alarm('a'), alarm('c', 'high', { minute: 0.2 }));
    expect(it.whys).toEqual(['first', 'louder']);
    expect(it.now.priority).toBe('high');
  });

  test('for further ones of the top priority, gathered for a minute', () => {
    const all = [0, 0.2, 0.4, 0.6].map((minute, i) => alarm(`s${i}`, 'high', { minute }));
    const it = group(all[0] as AlarmState)
      .at(0.2, ...all.slice(0, 2))
      .at(0.6, ...all)
      .at(0.9, ...all);
    expect(it.now.annunciation).toBe(1);
    it.at(callRestMs / minuteMs, ...all);
    expect([it.now.annunciation, it.whys]).toEqual([2, ['first', 'top']]);
    expect(it.at(5, ...all).now.annunciation).toBe(2);
  });

  test('not for one of the top priority that was answered by then, itself or with the group', () => {
    const late = alarm('b', 'high', { minute: 0.2 });
    expect(group(alarm('a', 'high')).at(1, alarm('a', 'high'), acknowledged(late)).whys).toEqual(['first']);
    const it = group(alarm('a', 'high')).at(0.2, alarm('a', 'high'), late).answer(0.5);
    expect(it.at(2, alarm('a', 'high'), late).whys).toEqual(['first']);
  });

  test('again for what is as loud, half an hour after the last word', () => {
    const old = acknowledged(alarm('a', 'medium'));
    const fresh = alarm('b', 'medium', { minute: 40 });
    expect(group(alarm('a', 'medium')).answer(20).at(40, old, fresh).whys).toEqual(['first']);
    expect(
      group(alarm('a', 'medium'))
        .answer(5)
        .at(5 + newsAfterMs / minuteMs, old, alarm('b', 'medium', { minute: 34 })).whys,
    ).toEqual(['first', 'news']);
  });

  test('when what was loud is over and less loud news comes', () => {
    const it = group(alarm('a', 'high')).at(1, acknowledged(returned(alarm('a', 'high'))));
    it.at(2, alarm('b', 'low', { minute: 2 }));
    expect([it.now.priority, it.whys]).toEqual(['low', ['first', 'louder']]);
  });

  test('again while nobody answers, after the shortest time that its alarms ask for', () => {
    const all = [alarm('a', 'low', { reAlarmMin: 30 }), alarm('b', 'low', { reAlarmMin: 10 })];
    const it = group(...all).at(9, ...all);
    expect(it.now.annunciation).toBe(1);
    expect(it.at(10, ...all).at(20, ...all).whys).toEqual(['first', 'repeat', 'repeat']);
    expect(it.answer(21).at(40, ...all).now.annunciation).toBe(3);
  });

  test('what was answered alarm by alarm does not repeat', () => {
    const it = group(alarm('a', 'low', { reAlarmMin: 10 }));
    expect(it.at(20, acknowledged(alarm('a', 'low', { reAlarmMin: 10 }))).whys).toEqual(['first']);
  });
});

describe('escalation', () => {
  test('goes up by the minutes unanswered, and a repeated call does not begin it anew', () => {
    const a = alarm('a', 'low', { reAlarmMin: 10 });
    const it = group(a).at(4.9, a);
    expect(it.now.escalation).toBe(0);
    expect(it.at(5, a).now.escalation).toBe(1);
    expect(it.at(10, a).now).toMatchObject({ escalation: 1, annunciation: 2 });
    expect(it.at(15, a).now.escalation).toBe(2);
    expect(it.at(60, a).now.escalation).toBe(2);
  });

  test('ends with the answer, and begins at the bottom with the next call', () => {
    const a = alarm('a', 'low');
    const it = group(a).at(6, a).answer(7).at(30, a);
    expect(it.now).toMatchObject({ escalation: 1, unansweredSinceMs: null });
    const b = alarm('b', 'high', { minute: 31 });
    expect(it.at(31, a, b).now).toMatchObject({ escalation: 0, unansweredSinceMs: noonMs + 31 * minuteMs });
  });

  test('rests while everything has returned, and goes on when it comes back', () => {
    const a = alarm('a');
    const it = group(a).at(4, returned(a)).at(8, returned(a));
    expect(it.now).toMatchObject({ escalation: 0, unansweredSinceMs: noonMs });
    expect(it.at(9, a).now.escalation).toBe(1);
  });

  test('ends when each alarm was answered', () => {
    const it = group(alarm('a'))
      .at(1, acknowledged(alarm('a')))
      .at(20, acknowledged(alarm('a')));
    expect(it.now).toMatchObject({ escalation: 0, unansweredSinceMs: null });
  });
});

test('who saw its newest call may answer it, whatever joined since', () => {
  const it = group(alarm('a', 'low'));
  const { version } = it.now;
  it.at(1, alarm('a'), alarm('b', 'low', { minute: 1 }));
  expect(it.now.version).toBeGreaterThan(version);
  expect(it.now.calledVersion).toBe(version);
  it.at(2, alarm('a'), alarm('c', 'high', { minute: 2 }));
  expect(it.now.calledVersion).toBe(it.now.version);
});

test('it closes with its last alarm, and never changes after that', () => {
  const it = group(alarm('a')).at(1);
  expect(it.now.closedAtMs).toBe(noonMs + minuteMs);
  const { now } = it;
  expect(it.at(2, alarm('b')).now).toBe(now);
});
