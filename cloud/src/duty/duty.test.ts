import type { DutyShift } from '@siaga/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openMemory } from '../store/memory/index.ts';
import type { Stores } from '../store/stores.ts';
import { createDuty, type DutyRoom } from './duty.ts';

const nowMs = Date.parse('2026-03-03T00:00:00Z');
let stores: Stores;
let active: Set<string>;
let mute: Set<string>;
beforeEach(() => {
  stores = openMemory();
  active = new Set(['sari0001', 'budi0001']);
  mute = new Set();
});
afterEach(() => stores.close());

async function room(): Promise<DutyRoom> {
  const duty = createDuty({
    state: stores.state,
    clock: { now: () => nowMs },
    timeZone: 'Asia/Jakarta',
    duties: ['operator', 'supervisor'],
    exists: (id) => active.has(id),
    reachable: (id) => active.has(id) && !mute.has(id),
  });
  await duty.start();
  return duty;
}

const shift = (over: Partial<DutyShift> = {}): DutyShift => ({
  id: 's1',
  person: 'sari0001',
  duty: 'operator',
  from: '2026-03-02T22:00:00Z',
  to: '2026-03-03T06:00:00Z',
  weekly: true,
  ...over,
});

test('is replaced as a whole, on record, and outlives the process', async () => {
  const duty = await room();
  expect(duty.roster()).toEqual({ version: 0, shifts: [] });
  expect(await duty.replace('admin001', { version: 0, shifts: [shift()] })).toMatchObject({ ok: true });
  expect(duty.onDuty(nowMs)).toEqual([{ duty: 'operator', person: 'sari0001' }]);
  const again = await room();
  expect(again.roster()).toEqual({ version: 1, shifts: [shift()] });
  const [line] = await stores.audit.list({ limit: 1 });
  expect(line).toMatchObject({ actor: 'admin001', act: 'duty.replace', subject: 'roster' });
  expect(JSON.parse(line?.details ?? '')).toMatchObject({ before: { shifts: [] }, after: { shifts: [shift()] } });
});

test('of two who change it at once the second is told to look again', async () => {
  const [one, two] = [await room(), await room()];
  expect(await one.replace('admin001', { version: 0, shifts: [shift()] })).toMatchObject({ ok: true });
  expect(await two.replace('admin002', { version: 0, shifts: [] })).toMatchObject({ code: 'stale-version' });
  expect(two.roster().version).toBe(1);
  expect(await one.replace('admin001', { version: 0, shifts: [] })).toMatchObject({ code: 'stale-version' });
  expect(await two.replace('admin002', { version: 1, shifts: [] })).toMatchObject({ ok: true });
});

test.each<[string, DutyShift[], string]>([
  ['two of one id', [shift(), shift()], 'shifts.1.id'],
  ['an end before the beginning', [shift({ to: '2026-03-02T22:00:00Z' })], 'shifts.0.to'],
  ['a week longer than a week', [shift({ to: '2026-03-10T06:00:00Z' })], 'shifts.0.to'],
  ['nobody of that id', [shift({ person: 'nobody01' })], 'shifts.0.person'],
])('%s is refused by field, and nothing is changed', async (_, shifts, field) => {
  const duty = await room();
  expect(await duty.replace('admin001', { version: 0, shifts })).toMatchObject({ code: 'invalid', field });
  expect(duty.roster().version).toBe(0);
  expect((await stores.audit.head()).no).toBe(0);
});

test('a person without any address may be planned, and is a gap until they have one', async () => {
  const duty = await room();
  mute.add('sari0001');
  expect(await duty.replace('admin001', { version: 0, shifts: [shift()] })).toMatchObject({ ok: true });
  const gapsNow = () => duty.gaps(nowMs).filter((gap) => gap.duty === 'operator' && gap.fromMs === nowMs);
  expect(gapsNow()).toHaveLength(1);
  mute.clear();
  expect(gapsNow()).toEqual([]);
});

test('a person who has left may stay in the roster, and is a gap', async () => {
  const duty = await room();
  await duty.replace('admin001', { version: 0, shifts: [shift()] });
  active.delete('sari0001');
  expect(await duty.replace('admin001', { version: 1, shifts: [shift(), shift({ id: 's2' })] })).toMatchObject({
    ok: true,
  });
  expect(duty.gaps(nowMs)).toHaveLength(2);
});
