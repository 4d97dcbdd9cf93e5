import type { Change, Delta, StationLevel } from '@siaga/protocol';
import { describe, expect, test } from 'vitest';
import { applyDelta, applySnapshot } from './apply.ts';
import { levelBefore, pictureOf, snapshotOf, valueBefore } from './testing.ts';

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
