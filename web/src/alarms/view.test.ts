import type { Alarm } from '@siaga/protocol';
import { describe, expect, test } from 'vitest';
import { pictureOf } from '../situation/testing.ts';
import { viewOf } from '../situation/view.ts';
import { alarmOf, groupOf } from './testing.ts';
import { alarmViewOf, countAlarms, groupViewOf, isOn, standingOf } from './view.ts';

const at = '2014-01-29T16:10:00.000Z';
const by = { by: 'ayu00001', at };
const returned = { condition: 'returned', returnedAt: '2014-01-29T16:08:00.000Z' } as const;

describe('an alarm stands', () => {
  test.each<[string, Partial<Alarm>]>([
    ['active', {}],
    ['acknowledged', { acknowledged: by }],
    ['returned', returned],
    ['returned-acknowledged', { ...returned, acknowledged: by }],
    ['latched', { ...returned, acknowledged: by, latched: true }],
    ['returned', { ...returned, latched: true }],
    ['suppressed', { suppression: { kind: 'maintenance', at } }],
    ['suppressed', { suppression: { kind: 'by-design', at, reason: 'the link is down' }, acknowledged: by }],
    ['out-of-service', { suppression: { kind: 'out-of-service', by: 'b', at, until: null, reason: 'not built' } }],
    ['closed', { closedAt: at, suppression: { kind: 'maintenance', at } }],
  ])('%s', (standing, more) => {
    expect(standingOf(alarmOf('a1', more))).toBe(standing);
  });
});

test('every open alarm is counted once, and each count opens the list that it counts', () => {
  const alarms = [
    alarmOf('1'),
    alarmOf('2', returned),
    alarmOf('3', { acknowledged: by }),
    alarmOf('4', { suppression: { kind: 'maintenance', at } }),
    alarmOf('5', { suppression: { kind: 'shelved', by: 'b', at, until: at, oneShot: true, reason: 'r' } }),
    alarmOf('6', { suppression: { kind: 'out-of-service', by: 'b', at, until: null, reason: 'r' } }),
  ];
  const counts = countAlarms(alarms);
  expect(counts).toEqual({ open: 3, unacknowledged: 2, shelved: 1, suppressed: 1, outOfService: 1 });
  for (const [shelf, count] of Object.entries(counts)) {
    expect(alarms.filter((alarm) => isOn(shelf as keyof typeof counts, alarm))).toHaveLength(count);
  }
});

test('a row knows its station as it is now, its band’s local name, and how long it has stood so', () => {
  const station = viewOf(pictureOf('katulampa'), Date.parse(at));
  const groups = new Map([['g1', groupOf('g1', { firstOut: 'a1' })]]);
  const basins = [{ id: 'ciliwung', name: 'Ciliwung' }];
  const view = alarmViewOf(alarmOf('a1', { acknowledged: by }), { basins }, groups, new Map([['katulampa', station]]));
  expect(view).toMatchObject({
    title: 'Katulampa',
    basinName: 'Ciliwung',
    bandLabel: 'Siaga II',
    firstOut: true,
    calling: false,
    stateSinceMs: Date.parse(at),
  });
  const unknown = alarmViewOf(
    alarmOf('a2', { station: null, subject: { kind: 'platform', id: 'disk' } }),
    { basins },
    groups,
    new Map(),
  );
  expect(unknown).toMatchObject({ title: 'Disk', calling: true, stateSinceMs: Date.parse('2014-01-29T16:00:02.000Z') });
});

test('a group has the worst priority among its alarms now, not the worst it ever had', () => {
  const nowMs = Date.parse(at);
  const member = alarmViewOf(alarmOf('a1'), { basins: [] }, new Map(), new Map());
  const view = groupViewOf(groupOf('g1', { priority: 'high', basin: null }), [member], [], nowMs);
  expect(view).toMatchObject({
    priority: 'medium',
    count: 1,
    unacknowledged: 1,
    calling: true,
    title: '',
    ageMs: 598_000,
  });
});

test('a group is answered by its own acknowledgement, or by that of each of its alarms', () => {
  const members = (more: Partial<Alarm>) => [alarmViewOf(alarmOf('a1', more), { basins: [] }, new Map(), new Map())];
  const calls = (group: ReturnType<typeof groupOf>, more: Partial<Alarm>) =>
    groupViewOf(group, members(more), [], Date.parse(at)).calling;
  expect(calls(groupOf('g1'), {})).toBe(true);
  expect(calls(groupOf('g1'), { acknowledged: by })).toBe(false);
  expect(calls(groupOf('g1', { acknowledged: by }), {})).toBe(false);
  expect(calls(groupOf('g1', { annunciation: 0 }), {})).toBe(false);
});
