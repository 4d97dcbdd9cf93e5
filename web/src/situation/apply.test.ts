import type { Change, Delta, StationLevel } from '@siaga/protocol';
import { describe, expect, test } from 'vitest';
import { alarmOf, groupOf } from '../alarms/testing.ts';
import { applyDelta, applySnapshot } from './apply.ts';
import { levelBefore, pictureOf, snapshotOf, staffOf, valueBefore } from './testing.ts';

const before = applySnapshot(undefined, snapshotOf([pictureOf('katulampa'), pictureOf('depok')]));

function change(seq: number, level: Partial<StationLevel>, id = 'katulampa'): Change {
  return { seq, knownAt: '2014-01-29T16:01:00.000Z', kind: 'station', id, level: { ...levelBefore, ...level } };
}

function delta(changes: Change[], values: Delta['values'] = []): Delta {
  return { serverTime: '2014-01-29T16:01:00.000Z', changes, values };
}

const later = { ...valueBefore, observedAt: '2014-01-29T16:01:00.000Z', stageMm: 830 };

describe('a delta', () => {
  test('brings level and value of its stations and leaves the others and the situation before untouched', () => {
    const applied = applyDelta(
      before,
      'abc',
      delta([change(11, { severity: 1 })], [{ id: 'katulampa', value: later }]),
    );
    if (!applied.ok) throw new Error(applied.reason);
    expect(applied.situation.seq).toBe(11);
    expect(applied.situation.stations.get('katulampa')).toMatchObject({
      level: { severity: 1 },
      value: { stageMm: 830 },
    });
    expect(applied.situation.stations.get('depok')).toBe(before.stations.get('depok'));
    expect(before.stations.get('katulampa')).toMatchObject({ level: { severity: 0 }, value: { stageMm: 780 } });
  });

  test('may repeat changes that are known: they change nothing', () => {
    const applied = applyDelta(before, 'abc', delta([change(10, { severity: 3 }), change(11, { severity: 1 })]));
    expect(applied).toMatchObject({ ok: true, situation: { seq: 11 } });
    const repeated = applyDelta(before, 'abc', delta([change(9, { severity: 3 })]));
    if (!repeated.ok) throw new Error(repeated.reason);
    expect(repeated.situation.stations.get('katulampa')?.level.severity).toBe(0);
  });

  test('with a hole in its numbers, or of another epoch, is refused', () => {
    expect(applyDelta(before, 'abc', delta([change(12, {})]))).toEqual({ ok: false, reason: 'gap' });
    expect(applyDelta(before, 'xyz', delta([change(11, {})]))).toEqual({ ok: false, reason: 'epoch' });
  });

  test('never takes a value back in time', () => {
    const older = { ...valueBefore, observedAt: '2014-01-29T15:00:00.000Z', stageMm: 100 };
    const applied = applyDelta(before, 'abc', delta([], [{ id: 'katulampa', value: older }]));
    if (!applied.ok) throw new Error(applied.reason);
    expect(applied.situation.stations.get('katulampa')?.value?.stageMm).toBe(780);
  });

  test('skips stations that this page does not know', () => {
    const applied = applyDelta(before, 'abc', delta([change(11, {}, 'nowhere')], [{ id: 'nowhere', value: later }]));
    expect(applied).toMatchObject({ ok: true, situation: { seq: 11 } });
  });
});

describe('a snapshot', () => {
  test('that a change has overtaken brings newer values but no older level', () => {
    const applied = applyDelta(before, 'abc', delta([change(11, { severity: 2 })]));
    if (!applied.ok) throw new Error(applied.reason);
    const late = snapshotOf([pictureOf('katulampa', {}, later), pictureOf('depok')], { seq: 10 });
    const after = applySnapshot(applied.situation, late);
    expect(after.seq).toBe(11);
    expect(after.stations.get('katulampa')).toMatchObject({ level: { severity: 2 }, value: { stageMm: 830 } });
  });

  test('of another epoch replaces everything, even by older values', () => {
    const old = { ...valueBefore, observedAt: '2014-01-01T00:00:00.000Z', stageMm: 5 };
    const after = applySnapshot(before, snapshotOf([pictureOf('katulampa', {}, old)], { epoch: 'new', seq: 1 }));
    expect(after).toMatchObject({ epoch: 'new', seq: 1 });
    expect([...after.stations.keys()]).toEqual(['katulampa']);
    expect(after.stations.get('katulampa')?.value?.stageMm).toBe(5);
  });
});

describe('for signed-in people', () => {
  const knownAt = '2014-01-29T16:01:00.000Z';
  const staffed = applySnapshot(undefined, snapshotOf([pictureOf('katulampa')], { staff: staffOf([alarmOf('a1')]) }));
  const after = (...changes: Change[]) => {
    const applied = applyDelta(staffed, 'abc', delta(changes));
    if (!applied.ok) throw new Error(applied.reason);
    return applied.situation;
  };
  const drill = {
    id: 'd1',
    scenario: 's',
    title: 'Rising',
    startedAt: knownAt,
    endsAt: knownAt,
    endedAt: null,
    startedBy: 'budi0001',
    participants: ['ayu00001'],
  };

  test('alarms and groups come, change and, closed, leave; the picture before is untouched', () => {
    const alarm = { seq: 11, knownAt, kind: 'alarm', id: 'a2', alarm: alarmOf('a2') } as const;
    const group = { seq: 12, knownAt, kind: 'group', id: 'g1', group: groupOf('g1') } as const;
    expect([...(after(alarm, group).staff?.alarms.keys() ?? [])]).toEqual(['a1', 'a2']);
    expect(after(alarm, group).staff?.groups.has('g1')).toBe(true);
    const closed = alarmOf('a1', { closedAt: knownAt, version: 2 });
    expect(after({ seq: 11, knownAt, kind: 'alarm', id: 'a1', alarm: closed }).staff?.alarms.size).toBe(0);
    expect(staffed.staff?.alarms.size).toBe(1);
  });

  test('a drill that one takes part in is the session’s, until it ends', () => {
    const begun = { seq: 11, knownAt, kind: 'drill', id: 'd1', drill } as const;
    expect(after(begun).staff).toMatchObject({ session: { drill: 'd1' } });
    const ended = { seq: 12, knownAt, kind: 'drill', id: 'd1', drill: { ...drill, endedAt: knownAt } } as const;
    expect(after(begun, ended).staff?.session.drill).toBeNull();
    expect(after(begun, ended).staff?.drills.size).toBe(0);
    expect(after({ ...begun, drill: { ...drill, participants: [] } }).staff?.session.drill).toBeNull();
  });

  test('who signs out sees nothing of it any more, whatever the numbers say', () => {
    const later = after({ seq: 11, knownAt, kind: 'withheld' });
    expect(applySnapshot(later, snapshotOf([pictureOf()], { seq: 10 })).staff).toBeNull();
  });

  test('an older snapshot of the same person brings no alarm back that has closed', () => {
    const closed = alarmOf('a1', { closedAt: knownAt, version: 2 });
    const later = after({ seq: 11, knownAt, kind: 'alarm', id: 'a1', alarm: closed });
    const late = snapshotOf([pictureOf('katulampa')], { seq: 10, staff: staffOf([alarmOf('a1')]) });
    expect(applySnapshot(later, late).staff?.alarms.size).toBe(0);
  });
});

test('what a person declared is set beside the level, and what the public may not see keeps the numbers whole', () => {
  const knownAt = '2014-01-29T16:01:00.000Z';
  const official = { severity: 2, label: 'Siaga II', declaredAt: knownAt, by: 'ayu00001' };
  const works = { gates: [{ name: '1', openPercent: 40 }], pumps: [], enteredAt: knownAt, by: 'ayu00001' };
  const applied = applyDelta(
    before,
    'abc',
    delta([
      { seq: 11, knownAt, kind: 'withheld' },
      { seq: 12, knownAt, kind: 'official', id: 'katulampa', official },
      { seq: 13, knownAt, kind: 'works', id: 'katulampa', works },
      { seq: 14, knownAt, kind: 'alarm', id: 'a1', alarm: alarmOf('a1') },
    ]),
  );
  if (!applied.ok) throw new Error(applied.reason);
  expect(applied.situation).toMatchObject({ seq: 14, staff: null });
  expect(applied.situation.stations.get('katulampa')).toMatchObject({ official, works, level: { severity: 0 } });
});
