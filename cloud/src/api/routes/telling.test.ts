import { permissions } from '@siaga/protocol';
import { fastify } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRig, type Rig, until } from '../../alarms/dispatch/testing.ts';
import { createDuty } from '../../duty/duty.ts';
import { openMemory } from '../../store/memory/index.ts';
import type { Stores } from '../../store/stores.ts';
import { useAccess } from '../access.ts';
import { useProblems } from '../problem.ts';
import { accessAs, anyone } from '../testing.ts';
import { channelRoutes } from './channels.ts';
import { dutyRoutes } from './duty.ts';
import type { App } from './types.ts';

const nowMs = Date.parse('2026-03-03T00:00:00Z');
let stores: Stores;
let rig: Rig;
let app: App;
beforeEach(async () => {
  stores = openMemory();
  rig = createRig(stores.state);
  await rig.dispatcher.start();
  const duty = createDuty({
    state: stores.state,
    clock: { now: () => nowMs },
    timeZone: 'Asia/Jakarta',
    duties: ['operator'],
    exists: () => true,
    reachable: () => true,
  });
  app = fastify() as unknown as App;
  useProblems(app);
  const account = { id: 'sari0001', name: 'Sari', role: 'admin' as const };
  await useAccess(app, accessAs({ ...anyone, account, permissions: new Set(permissions) }));
  dutyRoutes(app, { duty, nowMs: () => nowMs });
  channelRoutes(app, { dispatcher: rig.dispatcher, pushKey: 'BK' });
});
afterEach(async () => {
  await app.close();
  await rig.dispatcher.close();
  await stores.close();
});

const shift = {
  id: 's1',
  person: 'sari0001',
  duty: 'operator',
  from: '2026-03-02T22:00:00Z',
  to: '2026-03-03T06:00:00Z',
  weekly: false,
};

test('the roster is read with who is on duty and the gaps, and replaced by version', async () => {
  expect((await app.inject('/duty')).json()).toEqual({
    version: 0,
    shifts: [],
    now: [],
    gaps: [{ duty: 'operator', from: '2026-03-03T00:00:00.000Z', to: '2026-03-10T00:00:00.000Z' }],
  });
  const put = (payload: object) => app.inject({ method: 'PUT', url: '/duty', payload });
  expect((await put({ version: 0, shifts: [shift] })).json()).toMatchObject({
    version: 1,
    now: [{ duty: 'operator', person: 'sari0001' }],
    gaps: [{ duty: 'operator', from: '2026-03-03T06:00:00.000Z' }],
  });
  expect((await put({ version: 0, shifts: [] })).statusCode).toBe(409);
  const wrong = await put({ version: 1, shifts: [{ ...shift, to: shift.from }] });
  expect(wrong.statusCode).toBe(400);
  expect(wrong.json()).toMatchObject({ field: 'shifts.0.to' });
  expect((await put({ version: 1, shifts: [{ ...shift, duty: 'Operator!' }] })).statusCode).toBe(400);
});

test('channels are told, tested and seen', async () => {
  expect((await app.inject('/channels')).json()).toMatchObject([
    { name: 'email', on: true },
    { name: 'sms', on: true },
    { name: 'telegram', on: false, why: 'SIAGA_TELEGRAM_TOKEN is missing' },
  ]);
  const post = (url: string, payload?: object) => app.inject({ method: 'POST', url, ...(payload && { payload }) });
  expect((await post('/channels/email/test')).json()).toMatchObject({ name: 'email', test: { seenAt: null } });
  await until(() => rig.dispatcher.channels()[0]?.test?.sentAt);
  const id = rig.dispatcher.channels()[0]?.test?.id;
  expect((await post('/channels/email/seen', { id: 'other' })).statusCode).toBe(404);
  expect((await post('/channels/email/seen', { id })).json()).toMatchObject({ test: { seenBy: 'sari0001' } });
  expect((await post('/channels/sms/test')).statusCode).toBe(409);
  expect((await post('/channels/pigeon/test')).statusCode).toBe(404);
  expect((await app.inject('/push-key')).json()).toEqual({ key: 'BK' });
});
