import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openMemory } from '../store/memory/index.ts';
import type { Stores } from '../store/stores.ts';
import type { Done } from './desk.ts';
import { transitionKind } from './records.ts';
import { condition, noonMs, operator, type TestDesk, testDesk } from './testing.ts';

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
function valueOf<T>(done: Done<T>): T {
  if (!done.ok) throw new Error(done.reason);
  return done.value;
}

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

  test('calls by what is numbered: the group first, then its alarm', async () => {
    await at.desk.take([condition()]);
    const changes = await stores.changes.since(0, 10);
    expect(changes?.map(({ kind }) => kind)).toEqual(['group', 'alarm']);
  });
});
