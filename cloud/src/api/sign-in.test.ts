/** Signing in over a real, listening server, by the very requests that the console sends. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { steppedClock } from '@siaga/protocol';
import { Secret, TOTP } from 'otpauth';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { plausibleApi } from '../api-testing.ts';
import { createPeople, type People } from '../people/index.ts';
import { openMemory, type Stores } from '../store/index.ts';
import type { AccessOptions } from './access.ts';
import { authentication } from './authenticate.ts';

const password = 'three words by the river';
let undo: (() => unknown)[];
let stores: Stores;
let clock: ReturnType<typeof steppedClock>;
let people: People;
let ours: string;

beforeEach(() => {
  undo = [];
  stores = openMemory();
  clock = steppedClock(Date.UTC(2026, 0, 10, 12));
  people = createPeople({ state: stores.state, nowMs: clock.now });
});
afterEach(async () => {
  for (const step of undo.reverse()) await step();
  await stores.close();
});

async function serve(limits: AccessOptions['limits'] = { address: 1000, session: 1000, guarded: 1000 }): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'siaga-sign-in-'));
  writeFileSync(join(dir, 'index.html'), '<!doctype html>');
  undo.push(() => rmSync(dir, { recursive: true }));
  const { app, close } = await plausibleApi({
    people,
    audit: stores.audit,
    web: { dir, tilesPath: null },
    proxies: ['127.0.0.1'],
    access: { ...authentication({ people, drillOf: () => null, origin: null }), ...(limits && { limits }) },
  });
  undo.push(close);
  ours = await app.listen({ host: '127.0.0.1', port: 0 });
}

type Answer = { status: number; body: Record<string, unknown>; cookie: string; headers: Headers };

async function ask(method: string, path: string, body?: object, more: Record<string, string> = {}): Promise<Answer> {
  const answer = await fetch(`${ours}/api/v1${path}`, {
    method,
    headers: { origin: ours, ...(body && { 'content-type': 'application/json' }), ...more },
    ...(body && { body: JSON.stringify(body) }),
  });
  const cookie = answer.headers.getSetCookie()[0] ?? '';
  return { status: answer.status, body: (await answer.json()) as Answer['body'], cookie, headers: answer.headers };
}

const carrying = (cookie: string) => ({ cookie: cookie.split(';')[0] ?? '' });

async function ratna(): Promise<Answer> {
  const token = await people.setup.mint('machine');
  return ask('POST', '/invites/accept', { token, login: 'ratna', name: 'Ratna', password });
}

test('the cookie is for this host and for HTTP alone, and signing out ends the session, not the cookie only', async () => {
  await serve();
  expect((await ask('GET', '/session/options')).body).toEqual({ passkeys: false, oidc: null, setupOpen: true });
  const { cookie } = await ratna();
  expect(cookie).toMatch(/^__Host-siaga=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
  const again = await ask('POST', '/session', { login: 'ratna', password }, carrying(cookie));
  expect(again.body).toMatchObject({ login: 'ratna', fresh: true, idleUntil: '2026-01-11T00:00:00.000Z' });
  expect((await ask('GET', '/session', undefined, carrying(cookie))).status).toBe(401);
  const out = await ask('DELETE', '/session', undefined, carrying(again.cookie));
  expect(out.cookie).toMatch(/^__Host-siaga=; .*Path=\//);
  expect((await ask('GET', '/session', undefined, carrying(again.cookie))).status).toBe(401);
});

test('what cannot be undone wants a proof that is not old; confirming gives one', async () => {
  await serve();
  const me = carrying((await ratna()).cookie);
  const wish = { login: 'ani', name: 'Ani', role: 'operator' };
  clock.moveTo(clock.now() + 11 * 60_000);
  expect(await ask('POST', '/people', wish, me)).toMatchObject({ status: 403, body: { field: 'fresh' } });
  expect(await ask('POST', '/session/confirm', { password: 'wrong' }, me)).toMatchObject({ status: 401 });
  expect(await ask('POST', '/session/confirm', { password }, me)).toMatchObject({ status: 200, body: { fresh: true } });
  const made = await ask('POST', '/people', wish, me);
  expect(made).toMatchObject({ status: 200, body: { account: { state: 'invited' } } });
  expect(made.body.link).toMatch(new RegExp(`^${ours}/#welcome=[\\w-]{43}$`));
  expect(await ask('POST', '/people', wish, me)).toMatchObject({ status: 409, body: { field: 'login' } });
  const { lines, head } = (await ask('GET', '/audit?limit=1', undefined, me)).body as {
    lines: unknown[];
    head: object;
  };
  expect(lines).toMatchObject([
    { act: 'account.create', details: { reason: null, before: null, after: { role: 'operator' } } },
  ]);
  expect(head).toEqual(await stores.audit.head());
});

test('a second factor is asked for by its field', async () => {
  await serve();
  const me = carrying((await ratna()).cookie);
  const { body } = await ask('POST', '/me/totp', undefined, me);
  const app = new TOTP({ secret: Secret.fromBase32(String(body.secret)) });
  const now = Date.now();
  const set = await ask('PUT', '/me/totp', { code: app.generate({ timestamp: now }) }, me);
  expect(set).toMatchObject({ status: 200, body: { hasTotp: true } });
  const wish = { login: 'ratna', password };
  expect(await ask('POST', '/session', wish)).toMatchObject({ status: 401, body: { field: 'totp' } });
  const code = app.generate({ timestamp: now + 30_000 });
  expect(await ask('POST', '/session', { ...wish, totp: code })).toMatchObject({ status: 200 });
  expect(await ask('POST', '/session', { ...wish, totp: code })).toMatchObject({
    status: 401,
    body: { field: 'totp' },
  });
});

test('one’s own settings are kept by version, and told to nobody’s log', async () => {
  await serve();
  const me = carrying((await ratna()).cookie);
  const before = (await ask('GET', '/me', undefined, me)).body;
  const quietHours = { fromMinute: 1320, toMinute: 360 };
  const wish = { version: before.version, contacts: { phone: '+628123456789' }, quietHours };
  const after = await ask('PUT', '/me', wish, me);
  expect(after).toMatchObject({ status: 200, body: { contacts: { phone: '+628123456789' }, quietHours } });
  expect(await ask('PUT', '/me', wish, me)).toMatchObject({ status: 409, body: { field: 'version' } });
  expect(await ask('PUT', '/me', { ...wish, role: 'admin' }, me)).toMatchObject({
    status: 400,
    body: { field: 'role' },
  });
  const subscription = { endpoint: 'https://push.example/1', expirationTime: null, keys: { p256dh: 'k', auth: 'a' } };
  expect((await ask('POST', '/me/push', { subscription }, me)).body).toMatchObject({ pushDevices: 1 });
  expect((await ask('POST', '/me/push', { subscription }, me)).body).toMatchObject({ pushDevices: 1 });
  expect(await people.accounts.reachable()).toMatchObject([{ push: [JSON.stringify(subscription)] }]);
  expect((await ask('DELETE', '/me/push', undefined, me)).body).toMatchObject({ pushDevices: 0 });
  expect(JSON.stringify(await stores.audit.list({ limit: 99 }))).not.toMatch(/628123|push\.example/);
});

test('who asks too often waits: by address, by session, and sooner where something could be guessed', async () => {
  await serve({ address: 12, session: 4, guarded: 2 });
  const guess = (address: string) =>
    ask('POST', '/invites/look', { token: 'x'.repeat(43) }, { 'x-forwarded-for': address });
  const answers = [await guess('10.0.0.1'), await guess('10.0.0.1'), await guess('10.0.0.1'), await guess('10.0.0.2')];
  expect(answers.map(({ status }) => status)).toEqual([404, 404, 429, 404]);
  expect(Number(answers[2]?.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(answers[2]?.body).toMatchObject({ title: 'Too Many Requests' });
  const me = carrying((await ratna()).cookie);
  const from = (i: number) => ({ ...me, 'x-forwarded-for': `10.1.0.${i}` });
  const revoked = [];
  for (let i = 0; i < 5; i += 1) revoked.push((await ask('DELETE', '/me/sessions/none', undefined, from(i))).status);
  expect(revoked).toEqual([404, 404, 404, 404, 429]);
  expect((await ask('GET', '/me', undefined, me)).status).toBe(200);
});

test('an address of a proxy that was not named does not count', async () => {
  await serve({ address: 1000, session: 1000, guarded: 1 });
  const wish = { token: 'x'.repeat(43) };
  const through = (chain: string) => ask('POST', '/invites/look', wish, { 'x-forwarded-for': chain });
  expect((await through('6.6.6.6, 10.0.0.9')).status).toBe(404);
  expect((await through('7.7.7.7, 10.0.0.9')).status).toBe(429);
});

test.each([
  ['http://siaga.example.org', 'siaga.example.org', 403],
  ['http://192.168.1.5:8080', '192.168.1.5:8080', 404],
  ['http://siaga.local', 'siaga.local', 404],
  ['http://localhost:1', 'localhost:8080', 403],
  ['null', 'localhost', 403],
])('a page of %s at the host %s is answered with %i', async (origin, host, status) => {
  await serve();
  const { app, close } = await plausibleApi({
    people,
    web: { dir: tmpdir(), tilesPath: null },
    access: authentication({ people, drillOf: () => null, origin: null }),
  });
  undo.push(close);
  const payload = { token: 'x'.repeat(43) };
  const answer = await app.inject({ method: 'POST', url: '/api/v1/invites/look', headers: { host, origin }, payload });
  expect(answer.statusCode).toBe(status);
});

test('who has a whole IPv6 network has no more tries than who has one address', async () => {
  await serve({ address: 1000, session: 1000, guarded: 2 });
  const guess = (address: string) =>
    ask('POST', '/invites/look', { token: 'x'.repeat(43) }, { 'x-forwarded-for': address });
  const answers = [];
  for (const address of ['2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8:0:1::1'])
    answers.push((await guess(address)).status);
  expect(answers).toEqual([404, 404, 429, 404]);
});

test.each(['two\nlines', '\u001b[2J', 'A\u202enimda', '\u0000', ' '])('%j is no name', async (name) => {
  await serve();
  const me = carrying((await ratna()).cookie);
  const wish = { login: 'ani', name, role: 'viewer' };
  expect(await ask('POST', '/people', wish, me)).toMatchObject({ status: 400, body: { field: 'name' } });
  const right = { ...wish, name: 'Ni Luh Ayu ⟨ا⟩' };
  expect((await ask('POST', '/people', right, me)).status).toBe(200);
});

test('what stands for no instant is refused before anybody reckons with it', async () => {
  await serve();
  const me = carrying((await ratna()).cookie);
  const wish = { rule: null, until: '2030-06-30T23:59:60Z', reason: 'Works' };
  expect(await ask('POST', '/stations/katulampa/out-of-service', wish, me)).toMatchObject({
    status: 400,
    body: { field: 'until' },
  });
});

test('a proxy that was not named is told of, once and without whom it stands for', async () => {
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line) => void lines.push(line) });
  const { app, close } = await plausibleApi({ people, web: { dir: tmpdir(), tilesPath: null }, log });
  undo.push(close);
  for (const address of ['198.51.100.7', '198.51.100.8'])
    await app.inject({ url: '/api/v1/session/options', headers: { 'x-forwarded-for': address } });
  expect(lines.filter((line) => line.includes('SIAGA_PROXIES'))).toHaveLength(1);
  expect(lines.join('')).not.toContain('198.51.100');
});
