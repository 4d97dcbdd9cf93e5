import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openMemory } from '../store/memory/index.ts';
import type { Stores } from '../store/stores.ts';
import type { Done } from './desk.ts';
import { transitionKind } from './records.ts';
import { condition, minuteMs, noonMs, operator, supervisor, type TestDesk, testDesk } from './testing.ts';

let stores: Stores;
let at: TestDesk;
beforeEach(async () => {
  stores = openMemory();
  at = await testDesk(stores);
});
afterEach(() => stores.close());

const only = () => {
  const [alarm, ...others] = at.desk.view().alarms;
  expect(others).toEqual([]);
  if (alarm === undefined) throw new Error('no alarm is open');
  return alarm;
};
const group = () => {
  const [first, ...others] = at.desk.view().groups;
  expect(others).toEqual([]);
  if (first === undefined) throw new Error('no group is open');
  return first;
};
const seen = ({ id, version }: { id: string; version: number }) => ({ id, version });
const lines = async () => (await stores.state.journal(transitionKind)).map(({ body }) => body.kind).reverse();
const acts = async () => (await stores.audit.list({ limit: 100 })).map(({ act }) => act).reverse();
const codeOf = (done: Done<unknown>) => (done.ok ? 'ok' : done.code);
const shelf = (minutes: number, over = {}) => ({
  untilMs: at.clock.now() + minutes * minuteMs,
  oneShot: false,
  reason: 'The gauge is being rinsed.',
  ...over,
});

describe('a condition that comes, is answered, and goes', () => {
  test('is one alarm in one group, and leaves the list when it is over and acknowledged', async () => {
    await at.desk.take([condition()]);
    await at.desk.take([condition()]);
    expect(only()).toMatchObject({ condition: 'active', annunciatedAtMs: noonMs, version: 1 });
    expect(group()).toMatchObject({ annunciation: 1, priority: 'low', firstOut: only().id });
    await at.desk.acknowledge(operator, [seen(only())], 'Seen on the camera.');
    expect(only().acknowledged).toEqual({ by: 'operator1', atMs: noonMs });
    await at.later(1);
    expect(only().condition).toBe('active');
    await at.later(5);
    expect(at.desk.view()).toMatchObject({ alarms: [], groups: [] });
    expect(await lines()).toEqual([
      'group-opened',
      'raised',
      'group-annunciated',
      'acknowledged',
      'returned',
      'closed',
      'group-closed',
    ]);
  });

  test('is numbered: the group first, then its alarm', async () => {
    await at.desk.take([condition()]);
    expect((await stores.changes.since(0, 10))?.map(({ kind }) => kind)).toEqual(['group', 'alarm']);
  });

  test('writes nothing while nothing changes', async () => {
    await at.desk.take([condition()]);
    const before = at.desk.view();
    const head = stores.changes.head();
    for (let i = 0; i < 8; i++) await at.later(0.5, [condition({ evidence: { stageMm: 900 + i } })]);
    expect(at.desk.view()).toBe(before);
    expect([stores.changes.head(), await lines()]).toEqual([head, ['group-opened', 'raised', 'group-annunciated']]);
  });

  test('at stations that were not looked at it stays', async () => {
    await at.desk.take([condition()]);
    at.clock.moveTo(noonMs + 60 * minuteMs);
    await at.desk.take([], new Set(['depok']));
    expect(only().condition).toBe('active');
  });
});

describe('the on-delay', () => {
  const slow = condition({ settings: { onDelayS: 120 } });

  test('counts from when the condition was first found, through restarts', async () => {
    await at.desk.take([slow]);
    await at.later(1, [slow]);
    expect(at.desk.view().alarms).toEqual([]);
    at = await testDesk(stores, { clock: at.clock });
    await at.later(1, [slow]);
    expect(only().knownAtMs).toBe(noonMs + 2 * minuteMs);
  });

  test('begins anew when the condition was gone meanwhile; the dead-band keeps it', async () => {
    await at.desk.take([slow]);
    await at.later(1, []);
    await at.later(1, [slow]);
    expect(at.desk.view().alarms).toEqual([]);
    await at.later(1, [{ ...slow, signal: 'hold' }]);
    await at.later(1, [{ ...slow, signal: 'hold' }]);
    expect(at.desk.view().alarms).toEqual([]);
    await at.later(0, [slow]);
    expect(only().condition).toBe('active');
  });
});

describe('commands', () => {
  beforeEach(() => at.desk.take([condition({ priority: 'high', severity: 3 })]));

  test('name the version that was seen', async () => {
    const { id, version } = only();
    expect(codeOf(await at.desk.acknowledge(operator, [{ id, version: version + 1 }]))).toBe('stale-version');
    expect(codeOf(await at.desk.acknowledge(operator, [{ id: 'nothing', version }]))).toBe('not-found');
    expect(codeOf(await at.desk.acknowledge(operator, [{ id, version }]))).toBe('ok');
    expect(codeOf(await at.desk.acknowledge(operator, [seen(only())]))).toBe('not-now');
  });

  test('on several alarms are all or nothing', async () => {
    await at.desk.take([condition({ priority: 'high', severity: 3 }), condition({ station: 'depok' })]);
    const [first, second] = at.desk.view().alarms.map(seen);
    if (first === undefined || second === undefined) throw new Error('two alarms are open');
    expect(codeOf(await at.desk.acknowledge(operator, [first, { ...second, version: 9 }]))).toBe('stale-version');
    expect(at.desk.view().alarms.every(({ acknowledged }) => acknowledged === null)).toBe(true);
    expect(codeOf(await at.desk.acknowledge(operator, [first, second]))).toBe('ok');
    expect(await acts()).toEqual(['alarm.acknowledge', 'alarm.acknowledge']);
  });

  test('shelve: reason and end, the top priority by a supervisor and for half an hour', async () => {
    const shelve = async (acting = supervisor, over = {}, minutes = 10) =>
      codeOf(await at.desk.shelve(acting, seen(only()), shelf(minutes, over)));
    expect(await shelve(operator)).toBe('not-permitted');
    expect(await shelve(supervisor, {}, 31)).toBe('not-permitted');
    expect(await shelve(supervisor, { reason: '  ' })).toBe('invalid');
    expect(await shelve(supervisor, { untilMs: at.clock.now() })).toBe('invalid');
    expect(await shelve(supervisor, {}, 25 * 60)).toBe('invalid');
    expect(await shelve()).toBe('ok');
    expect(only().suppression).toMatchObject({ kind: 'shelved', by: 'supervisor1' });
  });

  test('a shelf comes back on time, and calls the group', async () => {
    await at.desk.shelve(supervisor, seen(only()), shelf(10));
    expect(group().headline).toBe('Ciliwung: 1 silenced alarm');
    await at.later(9, [condition({ priority: 'high', severity: 3 })]);
    expect(group().annunciation).toBe(1);
    await at.later(1, [condition({ priority: 'high', severity: 3 })]);
    expect(only().suppression).toBeNull();
    expect(group()).toMatchObject({ annunciation: 2, annunciatedAtMs: noonMs + 10 * minuteMs });
  });

  test('say in the audit who, why, before and after', async () => {
    await at.desk.shelve(supervisor, seen(only()), shelf(10));
    const [line] = await stores.audit.list({ limit: 1 });
    expect(line).toMatchObject({ actor: 'supervisor1', act: 'alarm.shelve', subject: only().id });
    expect(JSON.parse(line?.details ?? '')).toMatchObject({
      reason: 'The gauge is being rinsed.',
      before: { suppression: null },
      after: { suppression: { kind: 'shelved', until: '2026-01-15T05:10:00.000Z' } },
    });
  });

  test('unshelve and reset only where there is something to take back', async () => {
    expect(codeOf(await at.desk.unshelve(operator, seen(only())))).toBe('not-now');
    expect(codeOf(await at.desk.reset(operator, seen(only())))).toBe('not-now');
    await at.desk.shelve(supervisor, seen(only()), shelf(10));
    expect(codeOf(await at.desk.unshelve(operator, seen(only())))).toBe('ok');
    expect(only().annunciatedAtMs).toBe(noonMs);
  });

  test('acknowledging a group acknowledges no alarm in it, and ends its escalation', async () => {
    await at.later(6, [condition({ priority: 'high', severity: 3 })]);
    expect(group().escalation).toBe(1);
    expect(codeOf(await at.desk.acknowledgeGroup(operator, seen(group())))).toBe('ok');
    expect([group().acknowledged?.by, only().acknowledged]).toEqual(['operator1', null]);
    expect(codeOf(await at.desk.acknowledgeGroup(operator, seen(group())))).toBe('not-now');
    await at.later(20, [condition({ priority: 'high', severity: 3 })]);
    expect(group()).toMatchObject({ escalation: 1, annunciation: 1 });
    expect(await acts()).toEqual(['group.acknowledge']);
  });

  test('on a group name a version since its newest call', async () => {
    const before = seen(group());
    await at.later(2, [
      condition({ priority: 'high', severity: 3 }),
      condition({ station: 'depok', priority: 'high' }),
    ]);
    expect(group().annunciation).toBe(2);
    expect(codeOf(await at.desk.acknowledgeGroup(operator, before))).toBe('stale-version');
    expect(codeOf(await at.desk.acknowledgeGroup(operator, seen(group())))).toBe('ok');
  });

  test('a closed alarm takes none', async () => {
    const { id } = only();
    await at.desk.acknowledge(operator, [seen(only())]);
    await at.later(1);
    await at.later(5);
    expect(codeOf(await at.desk.acknowledge(operator, [{ id, version: 3 }]))).toBe('not-now');
  });

  test('and looks that come together follow one another', async () => {
    const before = seen(only());
    const [first, second] = await Promise.all([
      at.desk.acknowledge(operator, [before]),
      at.desk.acknowledge(supervisor, [before]),
      at.desk.take([condition({ priority: 'high', severity: 3 })]),
    ]);
    expect([codeOf(first), codeOf(second)]).toEqual(['ok', 'stale-version']);
  });
});

describe('silence from outside', () => {
  test('out of service: at once, visible, and called when it is over', async () => {
    await at.desk.take([condition()]);
    const work = {
      station: 'katulampa',
      rule: null,
      untilMs: noonMs + 60 * minuteMs,
      reason: 'The bridge is rebuilt.',
    };
    expect(codeOf(await at.desk.outOfService(supervisor, work))).toBe('ok');
    expect(only().suppression).toMatchObject({ kind: 'out-of-service', by: 'supervisor1' });
    expect(at.desk.view().outOfService).toMatchObject([{ station: 'katulampa', rule: null }]);
    at = await testDesk(stores, { clock: at.clock });
    await at.later(59, [condition()]);
    expect(only().suppression?.kind).toBe('out-of-service');
    await at.later(1, [condition()]);
    expect([only().suppression, at.desk.view().outOfService]).toEqual([null, []]);
    expect(group().annunciation).toBe(2);
  });

  test('of one rule leaves the others; putting back is audited', async () => {
    const work = { station: 'katulampa', rule: 'rate', untilMs: null, reason: 'It flaps.' };
    await at.desk.outOfService(supervisor, work);
    await at.desk.take([condition(), condition({ key: 'rate/katulampa', rule: 'rate' })]);
    expect(at.desk.view().alarms.map(({ rule, suppression }) => [rule, suppression?.kind])).toEqual([
      ['level', undefined],
      ['rate', 'out-of-service'],
    ]);
    await at.desk.inService(supervisor, { station: 'katulampa', rule: 'rate', reason: 'Mended.' });
    expect(at.desk.view().alarms.every(({ suppression }) => suppression === null)).toBe(true);
    expect(await acts()).toEqual(['station.out-of-service', 'station.in-service']);
    expect(codeOf(await at.desk.inService(supervisor, { ...work, reason: 'Again.' }))).toBe('not-now');
    expect(codeOf(await at.desk.outOfService(supervisor, { ...work, station: 'nowhere' }))).toBe('not-found');
  });

  test('maintenance begins and ends with the station’s; the group is silent so long', async () => {
    at.maintained.add('katulampa');
    await at.desk.take([condition()]);
    expect(only().suppression?.kind).toBe('maintenance');
    expect(group()).toMatchObject({ annunciation: 0, annunciatedAtMs: null });
    at.maintained.clear();
    await at.later(1, [condition()]);
    expect(only().suppression).toBeNull();
    expect(group()).toMatchObject({ annunciation: 1, annunciatedAtMs: noonMs + minuteMs });
  });

  test('by design as long as the rule says so, and while it is not seen', async () => {
    await at.desk.take([condition({ suppressed: 'the link is down' })]);
    expect(only().suppression).toMatchObject({ kind: 'by-design', reason: 'the link is down' });
    await at.later(1, []);
    expect(only().suppression?.kind).toBe('by-design');
    await at.later(1, [condition()]);
    expect([only().suppression, group().annunciation]).toEqual([null, 1]);
  });
});

describe('a drill', () => {
  const trainer = { ...supervisor, actor: 'trainer01' };
  const start = () =>
    at.desk.startDrill(trainer, { scenario: 'ciliwung-rise', minutes: 60, participants: ['learner01', 'learner02'] });
  const learner = async () => ({ ...operator, actor: 'learner01', drill: at.desk.drillOf('learner01') });

  test('plays into groups of its own, for its participants; real alarms stay real', async () => {
    expect(codeOf(await start())).toBe('ok');
    await at.later(11, [condition()]);
    const { alarms, groups } = at.desk.view();
    const drill = at.desk.drillOf('learner01');
    expect(drill).not.toBeNull();
    expect(at.desk.drillOf('operator1')).toBeNull();
    expect(alarms.map((alarm) => [alarm.drill, alarm.priority])).toEqual([
      [null, 'low'],
      [drill, 'high'],
    ]);
    expect(groups.map((one) => one.drill)).toEqual([null, drill]);
    const [, exercise] = alarms;
    if (exercise === undefined) throw new Error('the drill has raised nothing');
    expect(codeOf(await at.desk.acknowledge(operator, [seen(exercise)]))).toBe('not-found');
    expect(await at.desk.detail(exercise.id, null)).toBeUndefined();
    expect(codeOf(await at.desk.acknowledge(await learner(), [seen(exercise)]))).toBe('ok');
  });

  test('ends by itself, with all its alarms', async () => {
    await start();
    await at.later(11, []);
    expect(at.desk.view().alarms).toHaveLength(1);
    await at.later(49, []);
    expect(at.desk.view()).toEqual({ alarms: [], groups: [], drills: [], outOfService: [] });
    expect(at.desk.drillOf('learner01')).toBeNull();
    const [drill] = await at.desk.drills(10);
    expect(drill).toMatchObject({ endedAtMs: noonMs + 60 * minuteMs });
  });

  test('is audited, one at a time for an account, and can be ended early and after a restart', async () => {
    await start();
    expect(codeOf(await start())).toBe('not-now');
    at = await testDesk(stores, { clock: at.clock });
    await at.later(6, []);
    const [drill] = at.desk.view().drills;
    expect(codeOf(await at.desk.endDrill(trainer, drill?.id ?? ''))).toBe('ok');
    expect(at.desk.view().alarms).toEqual([]);
    expect(await acts()).toEqual(['drill.start', 'drill.end']);
    expect((await stores.changes.since(0, 100))?.filter(({ kind }) => kind === 'drill')).toHaveLength(2);
    expect(codeOf(await start())).toBe('ok');
  });
});

describe('what is asked of it', () => {
  test('detail and history: alarms open or closed, with every line of theirs and their group’s', async () => {
    await at.desk.take([condition()]);
    const { id } = only();
    await at.desk.acknowledge(operator, [seen(only())]);
    await at.later(1);
    await at.later(5);
    const detail = await at.desk.detail(id, null);
    expect(detail?.alarm).toMatchObject({ id, closedAt: '2026-01-15T05:06:00.000Z' });
    expect(detail?.transitions.map(({ kind }) => kind)).toContain('group-closed');
    const known = { fromMs: noonMs, toMs: noonMs + 1, limit: 10, drill: null };
    expect((await at.desk.history(known)).map((alarm) => alarm.id)).toEqual([id]);
    expect(await at.desk.history({ ...known, fromMs: noonMs + 1, toMs: noonMs + 2 })).toEqual([]);
  });

  test('crossings that were made known, through restarts', async () => {
    await at.desk.take([condition()]);
    await at.later(1, [condition({ severity: 3, priority: 'high', sinceMs: noonMs + 30_000 })]);
    at = await testDesk(stores, { clock: at.clock });
    expect(at.desk.madeKnown('katulampa', noonMs)).toEqual([
      { rule: 'level', key: 'level/katulampa', severity: 1, sinceMs: noonMs, returnedAtMs: null, standing: 3 },
      { rule: 'level', key: 'level/katulampa', severity: 3, sinceMs: noonMs + 30_000, returnedAtMs: null, standing: 3 },
    ]);
    expect(at.desk.madeKnown('depok', noonMs)).toEqual([]);
  });
});
