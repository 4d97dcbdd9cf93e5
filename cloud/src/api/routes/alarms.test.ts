import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { Alarm, AlarmDetail, AlarmGroup, type Permission, parserOf } from '@siaga/protocol';
import { fastify } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { condition, minuteMs, noonMs, type TestDesk, testDesk } from '../../alarms/testing.ts';
import { policy } from '../../people/policy.ts';
import { openMemory } from '../../store/index.ts';
import type { Stores } from '../../store/stores.ts';
import { useAccess } from '../access.ts';
import { useProblems } from '../problem.ts';
import { accessAs, anyone } from '../testing.ts';
import { alarmKpisRoute } from './alarm-kpis.ts';
import { alarmGroupRoute, alarmRoutes } from './alarms.ts';
import { drillRoutes } from './drills.ts';
import { outOfServiceRoutes } from './out-of-service.ts';
import type { App } from './types.ts';

let stores: Stores;
let at: TestDesk;
let app: App;
let role: keyof typeof policy;

beforeEach(async () => {
  stores = openMemory();
  at = await testDesk(stores);
  role = 'supervisor';
  app = fastify({ ajv: { customOptions: { removeAdditional: false } } }).withTypeProvider<TypeBoxTypeProvider>();
  useProblems(app);
  await useAccess(app, {
    ...accessAs(),
    authenticate: async () => ({
      ...anyone,
      account: { id: `${role}1`, name: role, role },
      permissions: new Set<Permission>(policy[role]),
      drill: at.desk.drillOf(`${role}1`),
    }),
  });
  const delivery = {
    id: 'd1',
    group: '',
    person: 'operator1',
    channel: 'email',
    state: 'sent',
    attempts: 1,
    lastAttemptAt: null,
    sentAt: null,
    nextAttemptAt: null,
    fault: null,
  } as const;
  alarmRoutes(app, { desk: at.desk, deliveriesOf: (group) => [{ ...delivery, group }] });
  alarmGroupRoute(app, { desk: at.desk });
  alarmKpisRoute(app, { desk: at.desk, nowMs: at.clock.now });
  outOfServiceRoutes(app, { desk: at.desk });
  drillRoutes(app, { desk: at.desk });
});
afterEach(async () => {
  await app.close();
  await stores.close();
});

const get = async (url: string) => {
  const { statusCode, body } = await app.inject(url);
  return { status: statusCode, body: JSON.parse(body) };
};
const post = async (url: string, payload: object) => {
  const { statusCode, body } = await app.inject({ method: 'POST', url, payload });
  return { status: statusCode, body: body === '' ? null : JSON.parse(body) };
};
const first = async () => (await get('/alarms')).body.alarms[0];

test('what is open, as the protocol says it', async () => {
  await at.desk.take([condition(), condition({ station: 'depok', priority: 'high', severity: 3 })]);
  const { status, body } = await get('/alarms');
  expect(status).toBe(200);
  for (const alarm of body.alarms) expect(parserOf(Alarm)(alarm)).toMatchObject({ ok: true });
  for (const group of body.groups) expect(parserOf(AlarmGroup)(group)).toMatchObject({ ok: true });
  expect(body.groups).toMatchObject([{ headline: 'Ciliwung: depok is in band; 1 more alarm', annunciation: 1 }]);
  const detail = await get(`/alarms/${body.alarms[0].id}`);
  expect(parserOf(AlarmDetail)(detail.body)).toMatchObject({ ok: true });
  expect(detail.body.deliveries).toMatchObject([{ group: body.groups[0].id }]);
  expect((await get('/alarms/nothing')).status).toBe(404);
});

test('acknowledging answers with the after-image; an old version is a conflict that says so', async () => {
  await at.desk.take([condition()]);
  const { id, version } = await first();
  const done = await post(`/alarms/${id}/acknowledge`, { version, reason: 'Seen.' });
  expect(done).toMatchObject({ status: 200, body: { id, version: version + 1, acknowledged: { by: 'supervisor1' } } });
  const again = await post(`/alarms/${id}/acknowledge`, { version });
  expect(again).toMatchObject({ status: 409, body: { detail: expect.stringContaining('changed') } });
  const many = await post('/alarms/acknowledge', { alarms: [{ id, version: version + 1 }] });
  expect(many).toMatchObject({ status: 409, body: { detail: expect.stringContaining('acknowledged already') } });
  const [group] = (await get('/alarms')).body.groups;
  expect(await post(`/alarm-groups/${group.id}/acknowledge`, { version: group.version })).toMatchObject({
    status: 200,
    body: { acknowledged: { by: 'supervisor1' } },
  });
});

test('shelving the top priority is not for operators, and short for supervisors', async () => {
  await at.desk.take([condition({ priority: 'high', severity: 3 })]);
  const { id, version } = await first();
  const shelve = (minutes: number, over = {}) =>
    post(`/alarms/${id}/shelve`, {
      version,
      until: new Date(noonMs + minutes * minuteMs).toISOString(),
      oneShot: false,
      reason: 'Rinsed.',
      ...over,
    });
  role = 'operator';
  expect((await shelve(10)).status).toBe(403);
  role = 'supervisor';
  expect((await shelve(31)).status).toBe(403);
  expect(await shelve(10, { reason: '' })).toMatchObject({ status: 400, body: { field: 'reason' } });
  expect(await shelve(10, { by: 'someone else' })).toMatchObject({ status: 400 });
  expect((await shelve(10)).body.suppression).toMatchObject({ kind: 'shelved', until: '2026-01-15T05:10:00.000Z' });
  expect((await post(`/alarms/${id}/unshelve`, { version: version + 1 })).body.suppression).toBeNull();
  expect((await post(`/alarms/${id}/reset`, { version: version + 2 })).status).toBe(409);
});

test('a viewer reads and does nothing', async () => {
  await at.desk.take([condition()]);
  role = 'viewer';
  const { id, version } = await first();
  expect((await post(`/alarms/${id}/acknowledge`, { version })).status).toBe(403);
  expect((await post('/drills', { scenario: 'first-call', minutes: 5, participants: ['operator1'] })).status).toBe(403);
});

test('out of service and back', async () => {
  const work = { rule: null, until: null, reason: 'Rebuilt.' };
  expect((await post('/stations/katulampa/out-of-service', work)).status).toBe(204);
  await at.desk.take([condition()]);
  expect((await get('/alarms')).body).toMatchObject({
    alarms: [{ suppression: { kind: 'out-of-service', by: 'supervisor1', until: null } }],
    outOfService: [{ station: 'katulampa', rule: null, by: 'supervisor1', reason: 'Rebuilt.' }],
  });
  expect((await post('/stations/katulampa/in-service', { rule: null, reason: 'Done.' })).status).toBe(204);
  expect((await first()).suppression).toBeNull();
  expect((await post('/stations/nowhere/out-of-service', work)).status).toBe(404);
});

test('a drill is seen by its participants only', async () => {
  const [scenario] = (await get('/drill-scenarios')).body.scenarios;
  const started = await post('/drills', { scenario: scenario.id, minutes: 30, participants: ['operator1'] });
  expect(started).toMatchObject({ status: 200, body: { participants: ['operator1'], startedBy: 'supervisor1' } });
  await at.later(1);
  expect((await get('/alarms')).body.alarms).toEqual([]);
  role = 'operator';
  const alarm = await first();
  expect(alarm.drill).toBe(started.body.id);
  role = 'supervisor';
  expect((await get(`/alarms/${alarm.id}`)).status).toBe(404);
  expect((await get('/drills')).body.drills).toMatchObject([{ id: started.body.id, endedAt: null }]);
  const ended = await app.inject({ method: 'DELETE', url: `/drills/${started.body.id}` });
  expect(ended.json()).toMatchObject({ endedAt: '2026-01-15T05:01:00.000Z' });
  role = 'operator';
  expect((await get('/alarms')).body.alarms).toEqual([]);
});

test('history and figures', async () => {
  await at.desk.take([condition()]);
  await at.later(3, [condition()]);
  const { id, version } = await first();
  await post(`/alarms/${id}/acknowledge`, { version });
  await at.later(1);
  await at.later(5);
  const span = 'from=2026-01-15T04:00:00Z&to=2026-01-15T06:00:00Z';
  expect((await get(`/alarms?${span}`)).body.alarms.map((alarm: { id: string }) => alarm.id)).toEqual([id]);
  const { status, body } = await get(`/alarm-kpis?${span}`);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    alarms: { count: 1, per10MinAverage: 1 / 12, per10MinMax: 1, floods: [], floodShare: 0 },
    items: { count: 1 },
    priorities: { low: { count: 1, share: 1 } },
    chattering: [],
    topTen: [{ key: 'level/katulampa', count: 1, share: 1 }],
    timeToAcknowledge: { alarms: { answered: 1, unanswered: 0, medianS: 180, p90S: 180 }, items: { unanswered: 1 } },
    unauthorisedSuppressions: 0,
  });
  expect((await get('/alarm-kpis?from=2026-01-15T06:00:00Z&to=2026-01-15T05:00:00Z')).status).toBe(400);
});
