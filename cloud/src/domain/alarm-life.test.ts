import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AlarmState, Silence } from './alarm.ts';
import {
  type AlarmInput,
  type LifeEvent,
  type Lived,
  leastOffDelayMs,
  live,
  longSilenceMs,
  raise,
  type Sighting,
} from './alarm-life.ts';

const noonMs = Date.parse('2026-01-15T05:00:00Z');
const offDelayMs = 5 * 60_000;

const low: Sighting = {
  signal: 'on',
  priority: 'low',
  severity: 1,
  sinceMs: noonMs - 1000,
  headline: 'low',
  response: 'look',
  evidence: { stageMm: 900 },
  terms: { offDelayMs, reAlarmMs: null, latch: false },
  keeps: null,
};
const medium: Sighting = { ...low, priority: 'medium', severity: 2, headline: 'medium', evidence: { stageMm: 1600 } };
const high: Sighting = { ...low, priority: 'high', severity: 3, headline: 'high', evidence: { stageMm: 2100 } };
const latching = (sighting: Sighting): Sighting => ({ ...sighting, terms: { ...sighting.terms, latch: true } });

const identity = {
  id: 'a1',
  key: 'level/katulampa',
  rule: 'level',
  list: 'flood',
  subject: { kind: 'station', id: 'katulampa' },
  station: 'katulampa',
  basin: 'ciliwung',
  group: 'g1',
  drill: null,
  headline: 'low',
  response: 'look',
} as const;

const maintenance: Silence = { kind: 'maintenance', atMs: noonMs };
const byDesign: Silence = { kind: 'by-design', atMs: noonMs, reason: 'a wider fault' };
const service: Silence = { kind: 'out-of-service', by: 'boss', atMs: noonMs, untilMs: null, reason: 'rebuilt' };

const looked = (sighting: Sighting | null, silence: Silence | null = null): AlarmInput => ({
  kind: 'looked',
  sighting,
  silence,
});
const acknowledge: AlarmInput = { kind: 'acknowledge', by: 'op', reason: null };
const shelve = (untilMs: number, oneShot = false): AlarmInput => ({
  kind: 'shelve',
  by: 'op',
  untilMs,
  oneShot,
  reason: 'known',
});

/** An alarm that lives through inputs at given minutes after noon; its history and calls are kept. */
function story(first: Sighting = low, silence: Silence | null = null) {
  let { alarm, called }: Lived = raise(identity, first, silence, noonMs);
  const raised = raise(identity, first, silence, noonMs);
  const events: LifeEvent[] = [...raised.events];
  let calls = called ? 1 : 0;
  const told = {
    get alarm() {
      return alarm;
    },
    get calls() {
      return calls;
    },
    kinds: () => events.map(({ kind }) => kind),
    at(minute: number, input: AlarmInput) {
      const lived = live(alarm, input, noonMs + minute * 60_000);
      ({ alarm, called } = lived);
      events.push(...lived.events);
      if (called) calls++;
      return told;
    },
  };
  return told;
}

describe('a condition', () => {
  test('calls when it is raised, and stays as it is while it is found', () => {
    const it = story().at(1, looked(low)).at(2, looked(low));
    expect(it.alarm).toMatchObject({ condition: 'active', version: 1, annunciatedAtMs: noonMs });
    expect([it.calls, it.kinds()]).toEqual([1, ['raised']]);
  });

  test('that nothing changed is the same object', () => {
    const { alarm } = raise(identity, low, null, noonMs);
    expect(live(alarm, looked(low), noonMs + 1).alarm).toBe(alarm);
    expect(live(alarm, { kind: 'waited', silence: null }, noonMs + 1).alarm).toBe(alarm);
  });

  test('is active through the off-delay, without a version or a line of its own', () => {
    const it = story().at(1, looked(null)).at(5, looked(null));
    expect(it.alarm).toMatchObject({ condition: 'active', goneSinceMs: noonMs + 60_000, version: 1 });
    expect(it.at(6, looked(null)).alarm).toMatchObject({ condition: 'returned', returnedAtMs: noonMs + 360_000 });
  });

  test('that is found again within the off-delay has never gone', () => {
    const it = story().at(1, looked(null)).at(5, looked(low)).at(6, looked(null)).at(10, looked(null));
    expect(it.alarm.condition).toBe('active');
    expect(it.kinds()).toEqual(['raised']);
  });

  test('in the dead-band is kept, and none comes back by it', () => {
    const it = story()
      .at(1, looked(null))
      .at(5, looked({ ...low, signal: 'hold' }))
      .at(9, looked(null));
    expect(it.alarm.condition).toBe('active');
    it.at(14, looked(null)).at(15, looked({ ...low, signal: 'hold' }));
    expect(it.alarm.condition).toBe('returned');
  });

  test('that was not looked at neither returns nor steps down', () => {
    const it = story(high).at(1, looked(low)).at(60, { kind: 'waited', silence: null });
    expect(it.alarm).toMatchObject({ condition: 'active', priority: 'high' });
  });

  test('has an off-delay even where the settings have none', () => {
    const none = { ...low, terms: { ...low.terms, offDelayMs: 0 } };
    const it = story(none).at(0.1, looked(null)).at(0.9, looked(null));
    expect(it.alarm.condition).toBe('active');
    expect(it.at(0.1 + leastOffDelayMs / 60_000, looked(null)).alarm.condition).toBe('returned');
  });
});

describe('a step', () => {
  test('up calls anew and cancels acknowledgement and shelf', () => {
    const it = story()
      .at(1, acknowledge)
      .at(2, shelve(noonMs + 3_600_000))
      .at(3, looked(medium));
    expect(it.alarm).toMatchObject({
      priority: 'medium',
      severity: 2,
      headline: 'medium',
      acknowledged: null,
      suppression: null,
      annunciatedAtMs: noonMs + 180_000,
    });
    expect(it.kinds()).toEqual(['raised', 'acknowledged', 'shelved', 'stepped-up', 'unshelved']);
    expect(it.calls).toBe(2);
  });

  test('up by severity alone is one, too', () => {
    expect(story().at(1, looked({ ...low, severity: 2 })).calls).toBe(2);
  });

  test('down waits for the off-delay, and calls nobody', () => {
    const it = story(high).at(1, acknowledge).at(2, looked(low)).at(6, looked(medium));
    expect(it.alarm.priority).toBe('high');
    it.at(7, looked(medium));
    expect(it.alarm).toMatchObject({ priority: 'medium', severity: 2, headline: 'medium' });
    expect(it.alarm.acknowledged).not.toBeNull();
    expect([it.calls, it.kinds()]).toEqual([1, ['raised', 'acknowledged', 'stepped-down']]);
  });

  test('down begins its delay again when the condition stood higher meanwhile', () => {
    expect(story(high).at(1, looked(low)).at(4, looked(high)).at(7, looked(low)).alarm.priority).toBe('high');
  });

  test('down is kept where the rule says that the dead-band reaches so far', () => {
    const it = story(high)
      .at(1, looked({ ...medium, keeps: 'high' }))
      .at(20, looked({ ...medium, keeps: 'high' }));
    expect(it.alarm).toMatchObject({ priority: 'high', easingSinceMs: null });
  });

  test('every limit that was passed is remembered', () => {
    const it = story().at(1, looked({ ...medium, sinceMs: noonMs + 50_000 }));
    expect(it.alarm.crossings).toEqual([
      { severity: 1, sinceMs: noonMs - 1000 },
      { severity: 2, sinceMs: noonMs + 50_000 },
    ]);
  });
});

describe('an alarm that has returned', () => {
  const returned = () => story().at(1, looked(null)).at(6, looked(null));

  test('leaves the list when it is acknowledged, and never changes after that', () => {
    const it = returned().at(7, acknowledge);
    expect(it.alarm.closedAtMs).toBe(noonMs + 420_000);
    expect(it.kinds()).toEqual(['raised', 'returned', 'acknowledged', 'closed']);
    const { alarm } = it;
    for (const input of [
      looked(high),
      looked(null),
      acknowledge,
      shelve(noonMs * 2),
      { kind: 'end', reason: '' } as const,
    ])
      expect(it.at(8, input).alarm).toBe(alarm);
  });

  test('that comes back soon is the same one, and does not call', () => {
    const it = returned().at(7, looked(low));
    expect(it.alarm).toMatchObject({ condition: 'active', returnedAtMs: null });
    expect([it.calls, it.kinds()]).toEqual([1, ['raised', 'returned', 'reactivated']]);
  });

  test('that comes back after a long silence calls', () => {
    expect(returned().at(6 + longSilenceMs / 60_000, looked(low)).calls).toBe(2);
  });

  test('that has never called calls whenever it comes back', () => {
    const silent = latching(low);
    const it = story(silent, maintenance).at(1, looked(null, maintenance)).at(6, looked(null));
    expect([it.alarm.latched, it.calls]).toEqual([true, 0]);
    expect(it.at(7, looked(silent)).calls).toBe(1);
  });

  test('that comes back louder calls at once', () => {
    expect(returned().at(7, looked(medium)).calls).toBe(2);
  });

  test('latched: waits for reset and acknowledgement, in either order', () => {
    const latched = () => story(latching(low)).at(1, looked(null)).at(6, looked(null));
    expect(latched().alarm.latched).toBe(true);
    expect(latched().at(7, acknowledge).alarm.closedAtMs).toBeNull();
    expect(latched().at(7, acknowledge).at(8, { kind: 'reset', by: 'op' }).alarm.closedAtMs).not.toBeNull();
    expect(latched().at(7, { kind: 'reset', by: 'op' }).alarm).toMatchObject({ latched: false, closedAtMs: null });
    expect(latched().at(7, { kind: 'reset', by: 'op' }).at(8, acknowledge).alarm.closedAtMs).not.toBeNull();
  });

  test('latched and acknowledged: wants a new answer when it comes back', () => {
    const it = story(latching(low))
      .at(1, looked(null))
      .at(6, looked(null))
      .at(7, acknowledge)
      .at(8, looked(latching(low)));
    expect(it.alarm).toMatchObject({ condition: 'active', acknowledged: null, latched: false });
  });
});

describe('a shelf', () => {
  test('ends by itself; what is still active calls anew and wants a new answer', () => {
    const it = story()
      .at(1, acknowledge)
      .at(2, shelve(noonMs + 600_000))
      .at(9, looked(low));
    expect(it.alarm.suppression?.kind).toBe('shelved');
    it.at(10, looked(low));
    expect(it.alarm).toMatchObject({ suppression: null, acknowledged: null, annunciatedAtMs: noonMs + 600_000 });
    expect(it.calls).toBe(2);
  });

  test('ends by the clock where nobody looked', () => {
    const it = story()
      .at(2, shelve(noonMs + 600_000))
      .at(10, { kind: 'waited', silence: null });
    expect([it.alarm.suppression, it.calls]).toEqual([null, 2]);
  });

  test('of one shot ends with the condition', () => {
    const it = story()
      .at(1, shelve(noonMs + 3_600_000, true))
      .at(2, looked(null))
      .at(7, looked(null));
    expect(it.alarm).toMatchObject({ condition: 'returned', suppression: null });
    expect(it.kinds()).toEqual(['raised', 'shelved', 'returned', 'unshelved']);
  });

  test('that is timed covers the condition as often as it comes and goes', () => {
    const it = story()
      .at(1, acknowledge)
      .at(2, shelve(noonMs + 3_600_000))
      .at(3, looked(null))
      .at(8, looked(null));
    expect(it.alarm).toMatchObject({ condition: 'returned', closedAtMs: null });
    it.at(30, looked(low));
    expect([it.alarm.condition, it.calls]).toEqual(['active', 1]);
    it.at(31, looked(null)).at(36, looked(null)).at(60, looked(null));
    expect(it.alarm).toMatchObject({ suppression: null, condition: 'returned' });
  });

  test('that ends while the condition seems to be gone calls when it is found again', () => {
    const it = story()
      .at(1, shelve(noonMs + 300_000))
      .at(4, looked(null))
      .at(5, looked(null));
    expect([it.alarm.suppression, it.calls]).toEqual([null, 1]);
    expect(it.at(6, looked(low)).calls).toBe(2);
  });
});

describe('what silences from outside', () => {
  for (const silence of [maintenance, byDesign, service])
    test(`${silence.kind}: from the start, then calls when it ends`, () => {
      const it = story(low, silence).at(1, looked(low, silence));
      expect([it.calls, it.kinds()]).toEqual([0, ['raised', 'suppressed']]);
      it.at(2, looked(low));
      expect([it.calls, it.kinds().at(-1), it.alarm.suppression]).toEqual([1, 'unsuppressed', null]);
    });

  test('a silent one that returns needs no answer', () => {
    expect(
      story(low, maintenance).at(1, looked(null, maintenance)).at(6, looked(null, maintenance)).alarm.closedAtMs,
    ).toBe(noonMs + 360_000);
  });

  test('maintenance of an acknowledged alarm: it does not call again for it', () => {
    const it = story().at(1, acknowledge).at(2, looked(low, maintenance)).at(3, looked(low));
    expect([it.calls, it.alarm.acknowledged?.by]).toEqual([1, 'op']);
  });

  test('out of service of an acknowledged alarm: nobody watched meanwhile, so it calls', () => {
    const it = story().at(1, acknowledge).at(2, looked(low, service)).at(3, looked(low));
    expect([it.calls, it.alarm.acknowledged]).toEqual([2, null]);
  });

  test('a step up while it is silent calls when the silence ends', () => {
    const it = story().at(1, acknowledge).at(2, looked(low, maintenance)).at(3, looked(high, maintenance));
    expect([it.calls, it.alarm.acknowledged]).toEqual([1, null]);
    expect(it.at(4, looked(high)).calls).toBe(2);
  });

  test('a shelf stands before it, and gives its place to it', () => {
    const it = story()
      .at(1, shelve(noonMs + 300_000))
      .at(2, looked(low, service));
    expect(it.alarm.suppression?.kind).toBe('shelved');
    it.at(5, looked(low, service));
    expect([it.alarm.suppression?.kind, it.calls]).toEqual(['out-of-service', 1]);
  });
});

/** Every input that could come, with what a desk would let through at that moment. */
const inputs: Readonly<Record<string, (alarm: AlarmState, nowMs: number) => AlarmInput | null>> = {
  low: () => looked(low),
  medium: () => looked(medium),
  high: () => looked(high),
  latching: () => looked(latching(low)),
  hold: () => looked({ ...low, signal: 'hold' }),
  gone: () => looked(null),
  maintained: () => looked(low, maintenance),
  'high by design': () => looked(high, byDesign),
  'gone by design': () => looked(null, byDesign),
  'out of service': () => looked(low, service),
  wait: () => ({ kind: 'waited', silence: null }),
  acknowledge: ({ acknowledged }) => (acknowledged === null ? acknowledge : null),
  shelve: ({ suppression, condition }, nowMs) =>
    condition === 'active' && (suppression === null || suppression.kind === 'shelved') ? shelve(nowMs + 900_000) : null,
  'shelve once': ({ suppression, condition }, nowMs) =>
    condition === 'active' && suppression === null ? shelve(nowMs + 900_000, true) : null,
  unshelve: ({ suppression }) =>
    suppression?.kind === 'shelved' ? { kind: 'unshelve', by: 'op', silence: null } : null,
  reset: ({ condition, latched }) => (condition === 'returned' && latched ? { kind: 'reset', by: 'op' } : null),
};
const names = Object.keys(inputs);

type Replayed = {
  condition: AlarmState['condition'];
  latched: boolean;
  acknowledged: boolean;
  silent: string | null;
  closed: boolean;
};

/** The state of an alarm, told from its history alone. */
function replayed(events: readonly LifeEvent[], latches: boolean): Replayed {
  const state: Replayed = { condition: 'active', latched: false, acknowledged: false, silent: null, closed: false };
  for (const { kind, evidence } of events) {
    const active = state.condition === 'active';
    if (kind === 'returned') Object.assign(state, { condition: 'returned', latched: latches });
    if (kind === 'reactivated') Object.assign(state, { condition: 'active', latched: false, acknowledged: false });
    if (kind === 'stepped-up') state.acknowledged = false;
    if (kind === 'acknowledged') state.acknowledged = true;
    if (kind === 'shelved') state.silent = 'shelved';
    if (kind === 'suppressed') state.silent = String(evidence.suppression);
    if (kind === 'unshelved' || kind === 'unsuppressed') {
      if (active && (kind === 'unshelved' || evidence.suppression === 'out-of-service')) state.acknowledged = false;
      state.silent = null;
    }
    if (kind === 'reset') state.latched = false;
    if (kind === 'closed') state.closed = true;
  }
  return state;
}

/** What must hold of every step, whatever came. */
function check(before: AlarmState, { alarm, events, called }: Lived, nowMs: number): void {
  if (before.closedAtMs !== null) {
    expect(alarm).toBe(before);
    return;
  }
  const { suppression } = alarm;
  if (suppression?.kind === 'shelved' && alarm.closedAtMs === null) expect(suppression.untilMs).toBeGreaterThan(nowMs);
  if (events.some(({ kind }) => kind === 'stepped-up')) {
    expect(alarm.acknowledged).toBeNull();
    expect(suppression?.kind).not.toBe('shelved');
    if (suppression === null) expect(called).toBe(true);
  }
  if (called) expect([alarm.condition, suppression, alarm.acknowledged]).toEqual(['active', null, null]);
  if (called) expect(events.at(-1)?.evidence.annunciated).toBe(true);
  if (alarm.closedAtMs !== null) {
    expect(alarm.condition).toBe('returned');
    expect(alarm.latched).toBe(false);
    expect(alarm.acknowledged !== null || alarm.annunciatedAtMs === null).toBe(true);
  }
  expect(alarm.version).toBe(before.version + (events.length > 0 || called ? 1 : 0));
  if (alarm.version === before.version)
    expect({ ...alarm, easingSinceMs: null, goneSinceMs: null, terms: null }).toEqual({
      ...before,
      easingSinceMs: null,
      goneSinceMs: null,
      terms: null,
    });
}

function liveThrough(steps: readonly { readonly name: string; readonly afterS: number }[]): void {
  const raised = raise(identity, low, null, noonMs);
  let { alarm } = raised;
  let nowMs = noonMs;
  const events = [...raised.events];
  let latches = false;
  for (const { name, afterS } of steps) {
    nowMs += afterS * 1000;
    const input = inputs[name]?.(alarm, nowMs) ?? null;
    if (input === null) continue;
    const lived = live(alarm, input, nowMs);
    check(alarm, lived, nowMs);
    // What an expired shelf or a returning one-shot does is in its lines as well.
    latches = lived.alarm.terms.latch;
    const said = replayed([...events, ...lived.events], alarm.terms.latch);
    events.push(...lived.events);
    alarm = lived.alarm;
    expect({ ...said, latched: alarm.latched }).toEqual({
      condition: alarm.condition,
      latched: alarm.latched,
      acknowledged: alarm.acknowledged !== null,
      silent: alarm.suppression?.kind ?? null,
      closed: alarm.closedAtMs !== null,
    });
  }
  expect(latches).toBe(alarm.terms.latch);
}

describe('every pair of events', () => {
  for (const first of names)
    test(`${first}, then each`, () => {
      for (const second of names)
        for (const afterS of [1, 301, 901])
          liveThrough([
            { name: first, afterS: 1 },
            { name: second, afterS },
            { name: 'gone', afterS: 301 },
            { name: first, afterS },
            { name: second, afterS },
          ]);
    });
});

test('whatever happens, in whatever order: nothing shelved past its time, no answer survives a step up, history tells all', () => {
  const step = fc.record({
    name: fc.constantFrom(...names),
    afterS: fc.constantFrom(0, 1, 59, 60, 299, 300, 899, 900, 1801),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), liveThrough), { numRuns: 400 });
});
