import { describe, expect, test } from 'vitest';
import { alarmsIn, compareAlarms, firstCalling, orderOf, rowsOf, sameOrder, waitingFor } from './order.ts';
import { alarmOf } from './testing.ts';

const at = (minute: number) => `2014-01-29T16:${String(minute).padStart(2, '0')}:00.000Z`;
const medium = alarmOf('medium', { annunciatedAt: at(5) });
const newer = alarmOf('newer', { annunciatedAt: at(9) });
const top = alarmOf('top', { priority: 'high', annunciatedAt: at(1) });
const sunter = alarmOf('sunter', { group: 'g2', annunciatedAt: at(7) });
const dead = alarmOf('dead', { list: 'health', group: 'g3', priority: 'high', annunciatedAt: at(8) });
const shelved = alarmOf('shelved', {
  suppression: { kind: 'shelved', by: 'a', at: at(2), until: at(30), oneShot: false, reason: 'team on its way' },
});
const all = [medium, newer, top, sunter, dead, shelved];

describe('the fixed sort', () => {
  test('is priority, then newest, then id: never by chance', () => {
    expect([medium, newer, top].sort(compareAlarms).map(({ id }) => id)).toEqual(['top', 'newer', 'medium']);
    const twin = { ...medium, id: 'a' };
    expect([medium, twin].sort(compareAlarms)).toEqual([twin, medium]);
  });

  test('keeps instruments apart from floods, groups by their first alarm, and leaves the shelved out', () => {
    expect(orderOf(all, 'open')).toEqual({
      flood: [
        { id: 'g1', alarms: ['top', 'newer', 'medium'] },
        { id: 'g2', alarms: ['sunter'] },
      ],
      health: [{ id: 'g3', alarms: ['dead'] }],
    });
    expect(alarmsIn(orderOf(all, 'shelved'))).toEqual(['shelved']);
    expect(alarmsIn(orderOf(all, 'outOfService'))).toEqual([]);
  });
});

describe('a list that stands still', () => {
  const held = orderOf([medium, top], 'open');

  test('counts what it does not show yet, and tells when only the order is another', () => {
    expect(waitingFor(held, orderOf([medium, top, sunter, newer], 'open'))).toEqual(['newer', 'sunter']);
    const stepped = orderOf([alarmOf('medium', { priority: 'high', annunciatedAt: at(9) }), top], 'open');
    expect(waitingFor(held, stepped)).toEqual([]);
    expect(sameOrder(held, stepped)).toBe(false);
    expect(sameOrder(held, orderOf([top, medium], 'open'))).toBe(true);
  });
});

describe('the rows', () => {
  const order = orderOf(all, 'open');
  const folded = { flat: false, isUnfolded: (_id: string) => false, isTop: (id: string) => id === 'top' };

  test('a folded group shows its head and, always, what is of the top priority; a group of one is that one', () => {
    expect(rowsOf(order, 'flood', folded)).toEqual([
      { kind: 'group', id: 'g1', hidden: 2, list: 'flood' },
      { kind: 'alarm', id: 'top', group: 'g1', child: true, list: 'flood' },
      { kind: 'alarm', id: 'sunter', group: 'g2', child: false, list: 'flood' },
    ]);
  });

  test('an unfolded one shows all, a flat list no heads', () => {
    const ids = (options: typeof folded) => rowsOf(order, 'flood', options).map(({ id }) => id);
    expect(ids({ ...folded, isUnfolded: (id) => id === 'g1' })).toEqual(['g1', 'top', 'newer', 'medium', 'sunter']);
    expect(ids({ ...folded, flat: true })).toEqual(['top', 'newer', 'medium', 'sunter']);
  });

  test('what waits first is an alarm that can be seen, else an item', () => {
    const rows = rowsOf(order, 'flood', folded);
    const calls = (...ids: string[]) => new Map(ids.map((id) => [id, { calling: true }]));
    expect(firstCalling(rows, calls('medium', 'sunter'), calls('g1'))?.id).toBe('sunter');
    expect(firstCalling(rows, calls('medium'), calls('g1'))).toMatchObject({ kind: 'group', id: 'g1' });
    expect(firstCalling(rows, calls(), calls())).toBeUndefined();
  });
});
