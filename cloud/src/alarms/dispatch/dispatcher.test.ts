import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openMemory } from '../../store/memory/index.ts';
import type { Stores } from '../../store/stores.ts';
import { aGroup, anAlarm, aPerson, aStation, createRig, type Rig, startMs, until } from './testing.ts';

let stores: Stores;
let rigs: Rig[];
beforeEach(() => {
  stores = openMemory();
  rigs = [];
});
afterEach(async () => {
  for (const { dispatcher } of rigs) await dispatcher.close();
  await stores.close();
});

async function rigWith(over: Parameters<typeof createRig>[1] = {}): Promise<Rig> {
  const rig = createRig(stores.state, over);
  rigs.push(rig);
  await rig.dispatcher.start();
  return rig;
}

const keys = ({ taken }: Rig) => taken.map(({ notice }) => notice.idempotencyKey);
const hour = 3_600_000;

describe('alarms', () => {
  test('a group is told once to who is on duty, and shows what became of it', async () => {
    const rig = await rigWith();
    rig.desk.groups = [aGroup()];
    rig.desk.alarms = [anAlarm()];
    const delivery = await until(async () =>
      (await rig.dispatcher.deliveriesOf('g1')).find(({ state }) => state === 'sent'),
    );
    expect(delivery).toMatchObject({ person: 'sari0001', channel: 'email', attempts: 1, fault: null });
    expect(rig.taken).toHaveLength(1);
    expect(rig.taken[0]).toMatchObject({
      to: 'sari0001@example.org',
      notice: { idempotencyKey: 'g1.1.sari0001.email', kind: 'alarm', subject: 'Siaga I at Katulampa: 212 cm, rising' },
    });
  });

  test('what steps up while a channel is down is one message of now; over it is the last', async () => {
    let stageMm = 2120;
    let trend: 'rising' | 'falling' = 'rising';
    const rig = await rigWith({
      sight: {
        station: () => aStation({ stageMm, trend, atMs: startMs + hour }),
        episodes: () => [
          {
            station: 'katulampa',
            severity: 3,
            bandLabel: 'Siaga I',
            sinceMs: startMs,
            untilMs: null,
            peakStageMm: 2450,
            peakAtMs: startMs + hour / 2,
            peakAtLeast: false,
            readings: 60,
          },
        ],
      },
    });
    rig.email.mood = 'down';
    rig.desk.alarms = [anAlarm()];
    for (const annunciation of [1, 2, 3]) {
      rig.desk.groups = [aGroup({ annunciation })];
      const before = rig.email.tries;
      await until(() => rig.email.tries > before);
    }
    rig.clock.moveTo(startMs + hour);
    stageMm = 1990;
    trend = 'falling';
    rig.email.mood = 'up';
    await until(() => rig.taken.length > 0);
    expect(keys(rig)).toEqual(['g1.3.sari0001.email']);
    expect(rig.taken[0]?.notice.text).toContain(
      'Siaga I at Katulampa: reached 02:10, now falling 18 cm/10 min, 199 cm, peaked 245 cm 02:40 (WIB).',
    );
    rig.desk.closeGroup('g1', startMs + 80 * 60_000);
    await until(() => rig.taken.length > 1);
    expect(rig.taken[1]?.notice).toMatchObject({ kind: 'over', idempotencyKey: 'g1.over.sari0001.email' });
    expect(rig.taken[1]?.notice.text).toContain('reached 02:10, over since 03:30, peaked 245 cm 02:40 (WIB).');
    await until(async () => (await stores.state.records({ kind: 'delivery' }, { open: true })).length === 0);
    expect((await rig.dispatcher.deliveriesOf('g1'))[0]?.state).toBe('sent');
  });

  test('who only waited is told that it is over, and nothing before; who was told nothing is told nothing', async () => {
    const rig = await rigWith();
    rig.staff.people = [aPerson('sari0001'), aPerson('budi0001')];
    rig.email.mood = 'down';
    rig.desk.groups = [aGroup()];
    rig.desk.alarms = [anAlarm()];
    await until(() => rig.email.tries > 1);
    rig.desk.closeGroup('g1', startMs + hour);
    await until(async () => {
      const all = await stores.state.records<{ wanted: { over: boolean } }>({ kind: 'delivery' });
      return all[0]?.body.wanted.over;
    });
    rig.email.mood = 'up';
    await until(() => rig.taken.length > 0);
    await until(async () => (await stores.state.records({ kind: 'delivery' }, { open: true })).length === 0);
    expect(keys(rig)).toEqual(['g1.over.sari0001.email']);
  });

  test('a step without anybody calls the next at once, and is complained of', async () => {
    const rig = await rigWith();
    rig.staff.people = [aPerson('sari0001'), aPerson('budi0001', { role: 'supervisor' })];
    rig.staff.onDuty = [{ duty: 'supervisor', person: 'budi0001' }];
    rig.desk.groups = [aGroup()];
    rig.desk.alarms = [anAlarm()];
    await until(() => rig.taken.length > 0);
    expect(rig.taken[0]?.to).toBe('budi0001@example.org');
    expect(rig.dispatcher.troubles()).toEqual([
      'duty: nobody who can be reached is on duty as operator; the next step was told at once',
    ]);
    rig.staff.onDuty = [
      { duty: 'operator', person: 'sari0001' },
      { duty: 'supervisor', person: 'budi0001' },
    ];
    await until(() => rig.dispatcher.troubles().length === 0);
    await until(() => rig.taken.length === 2);
    expect(rig.taken[1]?.to).toBe('sari0001@example.org');
  });

  test('escalation goes on while a channel is down, by the one that works', async () => {
    const rig = await rigWith();
    rig.staff.people = [
      aPerson('sari0001'),
      aPerson('budi0001', { contacts: { email: 'budi@example.org', phone: '+62811000111' } }),
    ];
    rig.staff.onDuty = [
      { duty: 'operator', person: 'sari0001' },
      { duty: 'supervisor', person: 'budi0001' },
    ];
    rig.email.mood = 'down';
    rig.desk.groups = [aGroup()];
    rig.desk.alarms = [anAlarm()];
    await until(() => rig.email.tries > 0);
    expect(rig.taken).toEqual([]);
    rig.desk.groups = [aGroup({ escalation: 1 })];
    await until(() => rig.taken.length > 0);
    expect(rig.taken[0]).toMatchObject({ channel: 'sms', to: '+62811000111' });
    expect(rig.dispatcher.channels().find(({ name }) => name === 'email')).toMatchObject({
      on: true,
      waiting: 2,
      fault: 'no answer',
    });
  });

  test('a refused address is a dead letter with its reason; a subscription then goes another way, and a mended one back', async () => {
    const rig = await rigWith();
    const contacts = { email: 'wrong@example.org', phone: '+62811000111' };
    const subscriptions = [{ basins: [], minPriority: 'low' as const, lists: ['flood' as const], channels: ['email'] }];
    rig.staff.people = [aPerson('tono0001', { contacts, subscriptions })];
    rig.staff.onDuty = [];
    rig.email.mood = 'never';
    rig.desk.groups = [aGroup()];
    rig.desk.alarms = [anAlarm()];
    await until(() => rig.taken.length > 0);
    expect(rig.taken[0]).toMatchObject({ channel: 'sms', to: '+62811000111' });
    expect(await rig.dispatcher.deliveriesOf('g1')).toMatchObject([
      { channel: 'email', state: 'dead', fault: 'unknown recipient' },
      { channel: 'sms', state: 'sent' },
    ]);
    rig.email.mood = 'up';
    rig.staff.people = [aPerson('tono0001', { contacts: { ...contacts, email: 'right@example.org' }, subscriptions })];
    await until(() => rig.taken.length > 1);
    expect(rig.taken[1]).toMatchObject({ channel: 'email', to: 'right@example.org' });
  });

  test('when every address of the one on duty is refused the next step is told at once', async () => {
    const rig = await rigWith();
    rig.staff.people = [
      aPerson('sari0001'),
      aPerson('budi0001', { role: 'supervisor', contacts: { phone: '+62811000111' } }),
    ];
    rig.staff.onDuty = [
      { duty: 'operator', person: 'sari0001' },
      { duty: 'supervisor', person: 'budi0001' },
    ];
    rig.email.mood = 'never';
    rig.desk.groups = [aGroup()];
    rig.desk.alarms = [anAlarm()];
    await until(() => rig.taken.length > 0);
    expect(rig.taken[0]).toMatchObject({ channel: 'sms', to: '+62811000111' });
    expect(rig.dispatcher.troubles()).toMatchObject([expect.stringContaining('on duty as operator')]);
  });

  test('whose turn has ended while a channel was down is not woken by it in their quiet hours', async () => {
    const rig = await rigWith();
    rig.staff.people = [aPerson('sari0001', { quietHours: { fromMinute: 0, toMinute: 360 } }), aPerson('budi0001')];
    rig.email.mood = 'down';
    rig.desk.groups = [aGroup()];
    rig.desk.alarms = [anAlarm()];
    await until(() => rig.email.tries > 0);
    rig.staff.onDuty = [{ duty: 'operator', person: 'budi0001' }];
    await rig.dispatcher.looked();
    rig.email.mood = 'up';
    await until(() => rig.taken.length > 0);
    rig.clock.moveTo(startMs + 4 * hour);
    await until(() => rig.taken.length > 1);
    expect(rig.taken.map(({ to }) => to)).toEqual(['budi0001@example.org', 'sari0001@example.org']);
    expect(rig.taken[1]?.notice.atMs).toBeGreaterThanOrEqual(startMs + 4 * hour);
  });

  test('a roster with nobody on it now is complained of before any alarm', async () => {
    const rig = await rigWith();
    rig.staff.onDuty = [];
    await until(() => rig.dispatcher.troubles().length > 0);
    expect(rig.dispatcher.troubles()).toEqual(['duty: nobody who can be reached is on any duty now']);
  });

  test('a drill of many neither delays nor marks what is real', async () => {
    const crowd = Array.from({ length: 30 }, (_, i) => aPerson(`d${String(i).padStart(7, '0')}`));
    const rig = await rigWith({
      drills: () => [{ id: 'd1', participants: crowd.map(({ id }) => id) }],
      paceOf: () => ({ together: 1, perMinute: 100_000 }),
    });
    rig.staff.people = [aPerson('sari0001'), ...crowd];
    rig.desk.groups = [aGroup({ id: 'g2', drill: 'd1', priority: 'high' })];
    rig.desk.alarms = [anAlarm({ id: 'a2', group: 'g2', priority: 'high' })];
    await until(() => rig.taken.length > 2);
    rig.desk.groups = [...rig.desk.groups, aGroup({ priority: 'low' })];
    rig.desk.alarms = [...rig.desk.alarms, anAlarm()];
    await rig.dispatcher.looked();
    const before = rig.taken.length;
    await until(() => rig.taken.length === 31);
    const at = rig.taken.findIndex(({ to }) => to === 'sari0001@example.org');
    // At most the one under way, and the one that began while this was noted down.
    expect(at - before).toBeLessThanOrEqual(2);
    expect(rig.taken[at]?.notice).toMatchObject({ drill: false, kind: 'alarm' });
    expect(rig.taken.filter(({ notice }) => notice.drill)).toHaveLength(30);
  });

  test('200 people by many addresses in two groups are all told, each once', async () => {
    const crowd = Array.from({ length: 200 }, (_, i) => {
      const id = `p${String(i).padStart(7, '0')}`;
      const contacts = { email: `${id}@example.org`, phone: `+6281${String(i).padStart(7, '0')}` };
      return aPerson(id, { contacts, quietHours: { fromMinute: 720, toMinute: 721 } });
    });
    const rig = await rigWith({ paceOf: () => ({ together: 8, perMinute: 1_000_000 }) });
    rig.staff.people = crowd;
    rig.staff.onDuty = crowd.map(({ id: person }) => ({ duty: 'operator', person }));
    rig.desk.groups = [0, 1].map((i) => aGroup({ id: `g${i}`, firstOut: `a${i}` }));
    rig.desk.alarms = rig.desk.groups.map(({ id, firstOut }) => anAlarm({ id: firstOut, group: id }));
    await until(() => rig.taken.length === 800);
    expect(new Set(keys(rig)).size).toBe(800);
  });

  test('quiet hours hold a subscriber’s message back until they end; it tells of then', async () => {
    const rig = await rigWith();
    rig.staff.people = [
      aPerson('tono0001', {
        subscriptions: [{ basins: [], minPriority: 'low', lists: ['flood'], channels: [] }],
        quietHours: { fromMinute: 22 * 60, toMinute: 6 * 60 },
      }),
      aPerson('sari0001'),
    ];
    rig.desk.groups = [aGroup()];
    rig.desk.alarms = [anAlarm()];
    await until(() => rig.taken.length > 0);
    expect(rig.taken.map(({ to }) => to)).toEqual(['sari0001@example.org']);
    rig.clock.moveTo(startMs + 4 * hour);
    await until(() => rig.taken.length > 1);
    expect(rig.taken[1]?.to).toBe('tono0001@example.org');
    expect(rig.taken[1]?.notice.atMs).toBeGreaterThanOrEqual(startMs + 4 * hour);
  });

  test('what cannot be sent for a day is dead, and a newer call brings it back', async () => {
    const rig = await rigWith();
    rig.email.mood = 'down';
    rig.desk.groups = [aGroup()];
    rig.desk.alarms = [anAlarm()];
    await until(() => rig.email.tries > 0);
    rig.clock.moveTo(startMs + 24 * hour);
    await until(async () => (await rig.dispatcher.deliveriesOf('g1'))[0]?.state === 'dead');
    expect((await rig.dispatcher.deliveriesOf('g1'))[0]?.fault).toBe('not sent for 24 hours');
    rig.email.mood = 'up';
    rig.desk.groups = [aGroup({ annunciation: 2 })];
    await until(() => rig.taken.length > 0);
    expect(keys(rig)).toEqual(['g1.2.sari0001.email']);
  });

  test('a drill goes to its participants and says so', async () => {
    const rig = await rigWith();
    rig.staff.people = [aPerson('sari0001'), aPerson('budi0001')];
    rig.desk.groups = [aGroup({ drill: 'd1' })];
    rig.desk.alarms = [anAlarm()];
    await until(() => rig.taken.length > 0);
    expect(rig.taken[0]).toMatchObject({ to: 'budi0001@example.org', notice: { drill: true } });
    expect(rig.taken[0]?.notice.subject).toMatch(/^DRILL: /);
    expect(rig.taken[0]?.notice.text).toMatch(/^This is a DRILL/);
    expect(rig.taken[0]?.notice.short).toMatch(/^DRILL: /);
    expect(rig.taken).toHaveLength(1);
  });

  test('an account that was disabled is told nothing more, not even what waited', async () => {
    const rig = await rigWith();
    rig.email.mood = 'down';
    rig.desk.groups = [aGroup()];
    rig.desk.alarms = [anAlarm()];
    await until(() => rig.email.tries > 0);
    rig.staff.people = [aPerson('sari0001', { state: 'disabled' })];
    rig.email.mood = 'up';
    await until(async () => (await rig.dispatcher.deliveriesOf('g1'))[0]?.state === 'dead');
    expect(rig.taken).toEqual([]);
  });

  test('of a person who was deleted while a message waited nothing is sent and no address is kept', async () => {
    const rig = await rigWith();
    rig.email.mood = 'down';
    rig.desk.groups = [aGroup()];
    rig.desk.alarms = [anAlarm()];
    await until(() => rig.email.tries > 1);
    rig.staff.people = [];
    rig.email.mood = 'up';
    await until(async () => (await rig.dispatcher.deliveriesOf('g1'))[0]?.state === 'dead');
    rig.desk.closeGroup('g1', startMs + hour);
    await until(async () => (await stores.state.records({ kind: 'delivery' }, { open: true })).length === 0);
    expect(rig.taken).toEqual([]);
    const kept = [
      ...(await stores.state.records({ kind: 'delivery' })),
      ...(await stores.state.records({ kind: 'dispatch-group' })),
      ...(await rig.dispatcher.deliveriesOf('g1')),
    ];
    expect(kept.length).toBeGreaterThan(1);
    expect(JSON.stringify(kept)).not.toMatch(/@|Name of/);
  });

  test('a crash between mark and outcome sends the same key again', async () => {
    const rig = await rigWith();
    let hanging = 0;
    const { send } = rig.email;
    rig.email.send = () => {
      hanging += 1;
      return new Promise(() => {});
    };
    rig.desk.groups = [aGroup()];
    rig.desk.alarms = [anAlarm()];
    await until(() => hanging > 0);
    // The first one is left hanging, as a killed process would: the second finds its mark in the store.
    rig.email.send = send;
    const second = await rigWith({ from: rig });
    await until(() => second.taken.length > 0);
    expect(keys(second)).toEqual(['g1.1.sari0001.email']);
    expect((await second.dispatcher.deliveriesOf('g1'))[0]).toMatchObject({ state: 'sent', attempts: 2 });
  });

  test('a commit that fails at the mark stops nobody from being told', async () => {
    let full = false;
    const { state } = stores;
    const rig = createRig({
      ...state,
      commit: (work) => (full ? Promise.reject(new Error('no room')) : state.commit(work)),
    });
    rigs.push(rig);
    rig.email.mood = 'down';
    await rig.dispatcher.start();
    rig.desk.groups = [aGroup()];
    rig.desk.alarms = [anAlarm()];
    await until(() => rig.email.tries > 0);
    full = true;
    const tries = rig.email.tries + 2;
    await until(() => rig.email.tries > tries);
    rig.email.mood = 'up';
    await until(() => rig.taken.length > 0);
    full = false;
    await until(async () => (await rig.dispatcher.deliveriesOf('g1'))[0]?.state === 'sent');
    expect(rig.taken).toHaveLength(1);
  });
});

describe('tests of channels', () => {
  test('a new channel waits for the next hour of tests; then those on duty get one, once a day, until somebody saw it', async () => {
    const rig = await rigWith();
    const state = () => rig.dispatcher.channels().find(({ name }) => name === 'email');
    await until(async () => (await stores.state.records({ kind: 'channel' })).length === 2);
    expect(state()?.test).toBeNull();
    rig.clock.moveTo(Date.parse('2014-01-30T00:59:00Z') + 24 * hour);
    await rig.dispatcher.deliveriesOf('g1');
    expect(rig.taken).toEqual([]);
    rig.clock.moveTo(Date.parse('2014-01-31T01:00:00Z'));
    const first = await until(() => (state()?.test?.sentAt ? state()?.test : undefined));
    expect(rig.taken).toMatchObject([{ channel: 'email', notice: { kind: 'test', data: { test: first.id } } }]);
    expect(await rig.dispatcher.seen('email', 'test-email-other', 'sari0001')).toMatchObject({ code: 'not-found' });

    // Nobody saw it: the same test again, its age goes on.
    rig.clock.moveTo(Date.parse('2014-02-01T01:00:00Z'));
    await until(() => rig.taken.length === 2);
    expect(state()?.test).toEqual(first);
    expect(rig.taken[1]?.notice.idempotencyKey).not.toBe(rig.taken[0]?.notice.idempotencyKey);

    expect(await rig.dispatcher.seen('email', first.id, 'sari0001')).toEqual({ ok: true });
    expect(state()?.test).toMatchObject({ id: first.id, seenBy: 'sari0001' });
    rig.clock.moveTo(Date.parse('2014-02-02T01:00:00Z'));
    await until(() => state()?.test?.id !== first.id);
    expect((await stores.audit.list({ limit: 9 })).map(({ act }) => act)).toEqual(['channel.test-seen']);
  });

  test('a channel by which nobody on duty is reached is tested with an admin', async () => {
    const rig = await rigWith();
    rig.staff.people = [
      aPerson('sari0001'),
      aPerson('ani00001', { role: 'admin', contacts: { phone: '+62811000111' } }),
    ];
    await until(async () => (await stores.state.records({ kind: 'channel' })).length === 2);
    rig.clock.moveTo(Date.parse('2014-01-31T01:00:00Z'));
    await until(() => rig.taken.length === 2);
    expect(rig.taken.map(({ to }) => to).sort()).toEqual(['+62811000111', 'sari0001@example.org']);
  });

  test('one is sent to who asks; off, without an address or under way it says why not', async () => {
    const rig = await rigWith();
    expect(await rig.dispatcher.test('email', 'sari0001')).toEqual({ ok: true });
    await until(() => rig.taken.length > 0);
    expect(await rig.dispatcher.test('sms', 'sari0001')).toMatchObject({ code: 'not-now' });
    expect(await rig.dispatcher.test('telegram', 'sari0001')).toMatchObject({
      reason: 'telegram is off: SIAGA_TELEGRAM_TOKEN is missing.',
    });
    expect(await rig.dispatcher.test('pigeon', 'sari0001')).toMatchObject({ code: 'not-found' });
    rig.email.mood = 'down';
    rig.clock.moveTo(startMs + hour);
    expect(await rig.dispatcher.test('email', 'sari0001')).toEqual({ ok: true });
    expect(await rig.dispatcher.test('email', 'sari0001')).toMatchObject({ code: 'not-now' });
  });
});
