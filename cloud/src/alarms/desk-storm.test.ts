/** The desk in bad nights: clocks that are set, silences that overlap, looks at a part, calls that cross with answers. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { catalogueFrom } from '../fleet/testing.ts';
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

const high = (over: Parameters<typeof condition>[0] = {}) => condition({ priority: 'high', severity: 3, ...over });
const seen = ({ id, version }: { id: string; version: number }) => ({ id, version });
const codeOf = (done: Done<unknown>) => (done.ok ? 'ok' : done.code);
const lines = async () =>
  (await stores.state.journal(transitionKind, { limit: 100_000 })).map(({ body }) => body).reverse();
const alarmAt = (station: string) => {
  const found = at.desk.view().alarms.find((alarm) => alarm.station === station);
  if (found === undefined) throw new Error(`no alarm is open at ${station}`);
  return found;
};
const group = () => {
  const [first, ...others] = at.desk.view().groups;
  expect(others).toEqual([]);
  if (first === undefined) throw new Error('no group is open');
  return first;
};
const shelf = (minutes: number, oneShot = false) => ({
  untilMs: at.clock.now() + minutes * minuteMs,
  oneShot,
  reason: 'The gauge is being rinsed.',
});
const atWork = { reason: 'The bridge is rebuilt.', rule: null, untilMs: null };

describe('a clock that is set back', () => {
  beforeEach(async () => {
    let nowMs = noonMs;
    const moveTo = (ms: number) => {
      nowMs = ms;
    };
    const clock = { now: () => nowMs, origin: noonMs, speed: 1, moveTo };
    at = await testDesk(stores, { clock });
  });

  for (const minutes of [1, 60, 24 * 60])
    test(`by ${minutes} min: a new alarm of the top priority still calls within two minutes`, async () => {
      await at.desk.take([condition()]);
      await at.desk.acknowledgeGroup(operator, seen(group()));
      await at.later(-minutes, [condition(), high({ station: 'depok' })]);
      await at.later(1, [condition(), high({ station: 'depok' })]);
      await at.later(1, [condition(), high({ station: 'depok' })]);
      expect(group()).toMatchObject({ annunciation: 2, priority: 'high', acknowledged: null });
    });

  test('by a day: delays, repeats and escalation do not wait for yesterday', async () => {
    const slow = condition({ station: 'depok', settings: { onDelayS: 120 } });
    await at.desk.take([high(), slow]);
    await at.later(-24 * 60, [high(), slow]);
    for (let i = 0; i < 5; i++) await at.later(1, [high(), slow]);
    expect(alarmAt('depok').annunciatedAtMs).not.toBeNull();
    expect(group().escalation).toBe(1);
    const { annunciation } = group();
    await at.later(31, [high(), slow]);
    expect(group().annunciation).toBe(annunciation + 1);
    for (let i = 0; i < 5; i++) await at.later(1);
    await at.later(5);
    expect(alarmAt('katulampa').condition).toBe('returned');
  });

  test('by a day during an off-delay: it begins again, and does not wait a day', async () => {
    await at.desk.take([high()]);
    await at.later(1);
    await at.later(-24 * 60);
    await at.later(4.9);
    expect(alarmAt('katulampa').condition).toBe('active');
    await at.later(0.2);
    expect(alarmAt('katulampa').condition).toBe('returned');
  });

  test('by a day: no shelf of the top priority outlives it', async () => {
    await at.desk.take([high()]);
    await at.desk.shelve(supervisor, seen(alarmAt('katulampa')), shelf(30));
    await at.later(-24 * 60, [high()]);
    expect(alarmAt('katulampa').suppression).toBeNull();
    await at.later(1, [high()]);
    expect(group().annunciation).toBe(2);
  });

  test('by some seconds: nothing calls for that', async () => {
    await at.desk.take([high()]);
    await at.desk.shelve(supervisor, seen(alarmAt('katulampa')), shelf(30));
    await at.later(-0.5, [high(), high({ station: 'depok' })]);
    expect(alarmAt('katulampa').suppression?.kind).toBe('shelved');
    await at.later(0.1, [high(), high({ station: 'depok' })]);
    expect(group().annunciation).toBe(1);
  });
});

describe('an answer that crosses with a call', () => {
  test('does not answer for an alarm of the top priority that the person had not seen', async () => {
    await at.desk.take([high()]);
    const before = seen(group());
    await at.later(0.2, [high(), high({ station: 'depok' })]);
    await at.later(0.2, [high(), high({ station: 'depok' })]);
    expect(codeOf(await at.desk.acknowledgeGroup(operator, before))).toBe('ok');
    await at.later(1, [high(), high({ station: 'depok' })]);
    expect(group()).toMatchObject({ annunciation: 2, acknowledged: null });
  });

  test('answers for one that the person had seen', async () => {
    await at.desk.take([high()]);
    await at.later(0.2, [high(), high({ station: 'depok' })]);
    expect(codeOf(await at.desk.acknowledgeGroup(operator, seen(group())))).toBe('ok');
    await at.later(2, [high(), high({ station: 'depok' })]);
    expect(group()).toMatchObject({ annunciation: 1, acknowledged: { by: 'operator1' } });
  });
});

describe('shelves', () => {
  test('of the top priority cannot be made longer while they last, only shorter', async () => {
    await at.desk.take([high()]);
    await at.desk.shelve(supervisor, seen(alarmAt('katulampa')), shelf(30));
    await at.later(20, [high()]);
    expect(codeOf(await at.desk.shelve(supervisor, seen(alarmAt('katulampa')), shelf(30)))).toBe('not-permitted');
    expect(codeOf(await at.desk.shelve(supervisor, seen(alarmAt('katulampa')), shelf(5)))).toBe('ok');
    await at.later(5, [high()]);
    expect(alarmAt('katulampa').suppression).toBeNull();
  });

  test('taken back during maintenance leave the alarm silent', async () => {
    await at.desk.take([high()]);
    await at.desk.shelve(supervisor, seen(alarmAt('katulampa')), shelf(30));
    at.maintained.add('katulampa');
    await at.later(2, [high()]);
    expect(alarmAt('katulampa').suppression?.kind).toBe('shelved');
    expect(codeOf(await at.desk.unshelve(operator, seen(alarmAt('katulampa'))))).toBe('ok');
    expect(alarmAt('katulampa')).toMatchObject({ suppression: { kind: 'maintenance' }, annunciatedAtMs: noonMs });
    expect(group().annunciation).toBe(1);
    at.maintained.clear();
    await at.later(2, [high()]);
    expect([alarmAt('katulampa').suppression, group().annunciation]).toEqual([null, 2]);
  });

  test('that end during maintenance which ended before them: it calls when the shelf ends', async () => {
    await at.desk.take([high()]);
    await at.desk.shelve(supervisor, seen(alarmAt('katulampa')), shelf(30));
    at.maintained.add('katulampa');
    await at.later(2, [high()]);
    at.maintained.clear();
    await at.later(2, [high()]);
    expect(group().annunciation).toBe(1);
    await at.later(26, [high()]);
    expect([alarmAt('katulampa').suppression, group().annunciation]).toEqual([null, 2]);
  });

  test('end at a step up, whatever they are', async () => {
    for (const oneShot of [false, true]) {
      const station = oneShot ? 'depok' : 'katulampa';
      const now = at.desk.view().alarms.length > 0 ? [high()] : [];
      await at.later(1, [...now, condition({ station })]);
      await at.desk.shelve(operator, seen(alarmAt(station)), shelf(600, oneShot));
      await at.later(1, [...now, high({ station })]);
      expect(alarmAt(station)).toMatchObject({ suppression: null, priority: 'high', annunciatedAtMs: at.clock.now() });
    }
    expect(group()).toMatchObject({ priority: 'high', annunciatedAtMs: at.clock.now() });
  });
});

describe('an alarm that comes back unanswered', () => {
  const comeAndGo = async (minutesAway: number) => {
    await at.desk.take([high()]);
    await at.later(1);
    await at.later(5);
    expect(alarmAt('katulampa').condition).toBe('returned');
    await at.later(minutesAway, []);
  };

  test('hours later lower than it was: calls as loud as it is now', async () => {
    await comeAndGo(180);
    await at.later(1, [condition()]);
    expect(alarmAt('katulampa')).toMatchObject({ priority: 'low', severity: 1, condition: 'active' });
    const calls = (await lines()).filter(({ evidence }) => evidence.annunciated === true);
    expect(calls.map(({ priority }) => priority)).toEqual(['high', 'low']);
  });

  test('waits for its on-delay as a new one does', async () => {
    const slow = high({ settings: { onDelayS: 120 } });
    await at.desk.take([slow]);
    await at.later(2, [slow]);
    await at.later(1);
    await at.later(5);
    await at.later(60, [slow]);
    await at.later(0.1);
    await at.later(5, [slow]);
    expect(alarmAt('katulampa').condition).toBe('returned');
    await at.later(2, [slow]);
    expect(alarmAt('katulampa')).toMatchObject({ condition: 'active', annunciatedAtMs: at.clock.now() });
  });

  test('of the top priority, again and again: it calls each quarter of an hour at least', async () => {
    await at.desk.take([high()]);
    await at.desk.acknowledgeGroup(operator, seen(group()));
    for (let i = 0; i < 10; i++) {
      await at.later(1);
      await at.later(5);
      await at.later(5, [high()]);
    }
    expect(group().annunciation).toBeGreaterThan(3);
  });

  test('while a technician was at work: calls when the work ends', async () => {
    await comeAndGo(4);
    at.maintained.add('katulampa');
    await at.later(1, [high()]);
    expect(alarmAt('katulampa')).toMatchObject({ condition: 'active', suppression: { kind: 'maintenance' } });
    await at.later(120, [high()]);
    at.maintained.clear();
    await at.later(1, [high()]);
    expect(alarmAt('katulampa')).toMatchObject({ suppression: null, annunciatedAtMs: at.clock.now() });
  });
});

describe('looks at a part', () => {
  test('leave maintenance that only the look at the station itself can tell', async () => {
    await at.desk.take([high({ maintenance: true })]);
    const before = at.desk.view().alarms;
    await at.desk.take([], new Set(['depok']));
    await at.desk.take([high({ maintenance: true })]);
    expect(at.desk.view().alarms).toEqual(before);
    expect(group().annunciation).toBe(0);
  });

  test('leave what is by design', async () => {
    await at.desk.take([high({ suppressed: 'the link is down' })]);
    const before = at.desk.view().alarms;
    await at.desk.take([], new Set(['depok']));
    expect(at.desk.view().alarms).toEqual(before);
  });

  test('come to the same as looks at everything', async () => {
    const other = openMemory();
    try {
      const whole = await testDesk(other, { clock: at.clock });
      const stations = ['katulampa', 'depok'];
      for (let minute = 0; minute < 60; minute++) {
        at.clock.moveTo(noonMs + minute * minuteMs);
        const found = stations.flatMap((station, i) =>
          (minute + i * 7) % 20 < 9 ? [condition({ station, severity: minute % 3 === 0 ? 2 : 1 })] : [],
        );
        await whole.desk.take(found);
        for (const name of stations)
          await at.desk.take(
            found.filter(({ station }) => station === name),
            new Set([name]),
          );
      }
      const told = (desk: TestDesk['desk']) =>
        desk
          .view()
          .alarms.map(({ id: _, group: __, calledAtVersion: ___, ...rest }) => rest)
          .sort((a, b) => (a.key < b.key ? -1 : 1));
      expect(told(at.desk)).toEqual(told(whole.desk));
    } finally {
      await other.close();
    }
  });
});

describe('what is out of service', () => {
  test('silences an open alarm of that rule at once, and it calls when it is put back', async () => {
    await at.desk.take([high()]);
    await at.desk.acknowledge(operator, [seen(alarmAt('katulampa'))]);
    await at.desk.outOfService(supervisor, { ...atWork, station: 'katulampa', rule: 'level' });
    expect(alarmAt('katulampa').suppression?.kind).toBe('out-of-service');
    await at.later(10, [high()]);
    await at.desk.inService(supervisor, { station: 'katulampa', rule: 'level', reason: 'Done.' });
    expect(alarmAt('katulampa')).toMatchObject({ suppression: null, acknowledged: null });
    await at.later(1, [high()]);
    expect(group().annunciation).toBe(2);
  });

  test('can be put back though its station has left the catalogue', async () => {
    await at.desk.outOfService(supervisor, { ...atWork, station: 'katulampa' });
    const emptier = { ...catalogueFrom(), stations: [], station: () => undefined };
    at = await testDesk(stores, { clock: at.clock, catalogue: emptier });
    expect(codeOf(await at.desk.inService(supervisor, { station: 'katulampa', rule: null, reason: 'Gone.' }))).toBe(
      'ok',
    );
    expect(at.desk.view().outOfService).toEqual([]);
  });
});

test('a station that left the catalogue: its alarm returns and says why, and waits for an answer', async () => {
  await at.desk.take([high()]);
  const emptier = { ...catalogueFrom(), stations: [], station: () => undefined };
  at = await testDesk(stores, { clock: at.clock, catalogue: emptier });
  await at.later(1);
  await at.later(5);
  expect(alarmAt('katulampa').condition).toBe('returned');
  const returned = (await lines()).find(({ kind }) => kind === 'returned');
  expect(returned?.reason).toMatch(/catalogue/);
});

describe('a drill', () => {
  const trainer = { ...supervisor, actor: 'trainer01' };
  const start = () => at.desk.startDrill(trainer, { scenario: 'first-call', minutes: 30, participants: ['learner01'] });
  const learner = () => ({ ...supervisor, actor: 'learner01', drill: at.desk.drillOf('learner01') });
  const exercise = () => {
    const found = at.desk.view().alarms.find(({ drill }) => drill !== null);
    if (found === undefined) throw new Error('the drill has raised nothing');
    return found;
  };

  test('beside a real alarm at the same station: neither touches the other', async () => {
    await start();
    await at.later(1, [high()]);
    expect(at.desk.view().groups.map(({ annunciation }) => annunciation)).toEqual([1, 1]);
    await at.desk.outOfService(supervisor, { ...atWork, station: 'katulampa' });
    expect(exercise().suppression).toBeNull();
    await at.desk.acknowledge(learner(), [seen(exercise())]);
    await at.later(29, [high()]);
    expect(at.desk.view().alarms.map(({ drill, acknowledged }) => [drill, acknowledged])).toEqual([[null, null]]);
    expect(at.desk.view().drills).toEqual([]);
  });

  test('that ends as a shelf in it does: calls nobody any more', async () => {
    await start();
    await at.later(1);
    expect(codeOf(await at.desk.shelve(learner(), seen(exercise()), shelf(29)))).toBe('ok');
    await at.later(29);
    expect(at.desk.view()).toMatchObject({ alarms: [], groups: [] });
    const calls = (await lines()).filter(({ evidence }) => evidence.annunciated === true);
    expect(calls).toHaveLength(1);
  });
});

test('a group whose alarms are all silent calls when one of them is not', async () => {
  at.maintained.add('katulampa').add('depok');
  await at.desk.take([condition(), high({ station: 'depok' })]);
  expect(group()).toMatchObject({ annunciation: 0 });
  expect(codeOf(await at.desk.acknowledgeGroup(operator, seen(group())))).toBe('not-now');
  at.maintained.delete('depok');
  await at.later(1, [condition(), high({ station: 'depok' })]);
  expect(group()).toMatchObject({ annunciation: 1, priority: 'high', firstOut: alarmAt('depok').id });
});

test('ten thousand open alarms are one item; a look and an answer go on', { timeout: 60_000 }, async () => {
  const all = Array.from({ length: 10_000 }, (_, i) => condition({ station: `s${i}` }));
  await at.desk.take(all);
  expect(at.desk.view().alarms).toHaveLength(10_000);
  await at.later(1, [...all.slice(1), high({ station: 's0' })]);
  expect(group()).toMatchObject({ annunciation: 2, priority: 'high' });
  const [first] = at.desk.view().alarms;
  expect(codeOf(await at.desk.acknowledge(operator, [seen(first as never)]))).toBe('ok');
});

test('at every setting of the delays a level that plays about its limit never chatters', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(0, 1, 30, 60, 600),
      fc.constantFrom(0, 1, 60, 900),
      fc.array(fc.tuple(fc.constantFrom('on', 'hold', 'off'), fc.constantFrom(1, 10, 59, 61)), { maxLength: 40 }),
      async (onDelayS, offDelayS, looks) => {
        const over = openMemory();
        const desk = await testDesk(over);
        try {
          for (const [signal, afterS] of looks) {
            const found = condition({ signal: signal === 'on' ? 'on' : 'hold', settings: { onDelayS, offDelayS } });
            await desk.later(afterS / 60, signal === 'off' ? [] : [found]);
            await desk.desk.acknowledge(
              operator,
              desk.desk
                .view()
                .alarms.filter(({ acknowledged }) => acknowledged === null)
                .map(seen),
            );
          }
          const ons = (await over.state.journal(transitionKind, { limit: 10_000 }))
            .filter(({ body }) => body.kind === 'raised' || body.kind === 'reactivated')
            .map(({ atMs }) => atMs)
            .reverse();
          ons.forEach((onMs, i) => {
            const before = ons[i - 1];
            if (before !== undefined)
              expect(onMs - before).toBeGreaterThanOrEqual(Math.max(60, offDelayS, onDelayS) * 1000);
          });
        } finally {
          await over.close();
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('whatever people, technicians, clocks and restarts do: the top priority is heard, or a person has seen it', async () => {
  const stations = ['katulampa', 'depok', 'manggarai'];
  const levels = fc.constantFrom('none', 'low', 'high', 'hold', 'design', 'work');
  const which = fc.nat(2);
  const step = fc.oneof(
    fc.record({
      do: fc.constant('look' as const),
      at: fc.tuple(levels, levels, levels),
      s: fc.constantFrom(1, 30, 61, 400, 2000),
    }),
    fc.record({ do: fc.constant('look at' as const), which, level: levels }),
    fc.record({ do: fc.constant('answer' as const), which }),
    fc.record({ do: fc.constant('answer late' as const) }),
    fc.record({ do: fc.constant('shelve' as const), which, oneShot: fc.boolean() }),
    fc.record({ do: fc.constant('unshelve' as const), which }),
    fc.record({ do: fc.constant('serve' as const), which, out: fc.boolean() }),
    fc.record({ do: fc.constant('maintain' as const), which, on: fc.boolean() }),
    fc.record({ do: fc.constant('restart' as const) }),
    fc.record({ do: fc.constant('clock' as const), minutes: fc.constantFrom(-1440, -60, -1, 60) }),
  );
  const found = (level: string, station: string) => {
    if (level === 'none') return [];
    if (level === 'low') return [condition({ station })];
    const extra = {
      hold: { signal: 'hold' },
      design: { suppressed: 'a wider fault' },
      work: { maintenance: true },
    } as const;
    return [high({ station, ...extra[level as keyof typeof extra] })];
  };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const over = openMemory();
      let nowMs = noonMs;
      const moveTo = (ms: number) => {
        nowMs = ms;
      };
      const clock = { now: () => nowMs, origin: noonMs, speed: 1, moveTo };
      let it = await testDesk(over, { clock });
      let run = 0;
      let groupsBefore = it.desk.view().groups;
      const alarmOf = (station: string | undefined) => it.desk.view().alarms.find((alarm) => alarm.station === station);
      try {
        for (const each of steps) {
          const station = 'which' in each ? (stations[each.which] ?? '') : '';
          const alarm = alarmOf(station);
          const group = groupsBefore[0];
          groupsBefore = it.desk.view().groups;
          if (each.do === 'look')
            await it.later(
              each.s / 60,
              each.at.flatMap((level, i) => found(level, stations[i] ?? '')),
            );
          else if (each.do === 'look at') await it.desk.take(found(each.level, station), new Set([station]));
          else if (each.do === 'answer' && alarm !== undefined) await it.desk.acknowledge(operator, [seen(alarm)]);
          else if (each.do === 'answer late' && group !== undefined)
            await it.desk.acknowledgeGroup(operator, seen(group));
          else if (each.do === 'shelve' && alarm !== undefined)
            await it.desk.shelve(supervisor, seen(alarm), {
              untilMs: nowMs + 20 * minuteMs,
              oneShot: each.oneShot,
              reason: 'x',
            });
          else if (each.do === 'unshelve' && alarm !== undefined) await it.desk.unshelve(operator, seen(alarm));
          else if (each.do === 'serve' && each.out) await it.desk.outOfService(supervisor, { ...atWork, station });
          else if (each.do === 'serve') await it.desk.inService(supervisor, { station, rule: null, reason: 'x' });
          else if (each.do === 'maintain' && each.on) it.maintained.add(station);
          else if (each.do === 'maintain') it.maintained.delete(station);
          else if (each.do === 'clock') nowMs += each.minutes * minuteMs;
          else if (each.do === 'restart') {
            const { maintained } = it;
            it = await testDesk(over, { clock, ids: `r${++run}` });
            for (const one of maintained) it.maintained.add(one);
          }
        }
        const all = stations.flatMap((station) => found('high', station));
        for (let i = 0; i < 4; i++) await it.later(1, all);
        for (const station of stations) {
          const alarm = alarmOf(station);
          expect(alarm).toMatchObject({ condition: 'active', priority: 'high' });
          if (alarm?.suppression?.kind === 'shelved')
            expect(alarm.suppression.untilMs - nowMs).toBeLessThanOrEqual(21 * minuteMs);
          if (alarm === undefined || alarm.suppression !== null || alarm.acknowledged !== null) continue;
          const [group] = it.desk.view().groups;
          if (group === undefined) throw new Error('an alarm without a group');
          expect(alarm.annunciatedAtMs).not.toBeNull();
          expect(Math.max(group.calledVersion, group.answeredVersion)).toBeGreaterThan(alarm.calledAtVersion);
          expect(group.priority).toBe('high');
        }
        // Everything ends: nothing stays open but what waits for a person.
        for (const { station, rule } of it.desk.view().outOfService)
          await it.desk.inService(supervisor, { station, rule, reason: 'x' });
        it.maintained.clear();
        for (let i = 0; i < 3; i++) await it.later(31);
        await it.desk.acknowledge(
          operator,
          it.desk
            .view()
            .alarms.filter(({ acknowledged }) => acknowledged === null)
            .map(seen),
        );
        await it.later(1);
        expect(it.desk.view()).toEqual({ alarms: [], groups: [], drills: [], outOfService: [] });
      } finally {
        await over.close();
      }
    }),
    { numRuns: 150 },
  );
});
