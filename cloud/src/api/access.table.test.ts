/**
 * Every route × everyone who may ask × where the page comes from × whose object: what the policy says, generated from
 * the app itself, so that a new route joins by itself. Nothing may be answered otherwise.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Role, roles, steppedClock } from '@siaga/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { plausibleApi } from '../api-testing.ts';
import { createPeople, isRefusal, type People } from '../people/index.ts';
import { policy } from '../people/policy.ts';
import { digestOf } from '../people/secrets.ts';
import type { StateStore } from '../ports.ts';
import { openMemory } from '../store/index.ts';
import type { GuardedRoute } from './access.ts';
import { authentication } from './authenticate.ts';

const host = 'localhost:8080';
const ours = `http://${host}`;
const origins = { ours, none: undefined, foreign: 'https://evil.example', near: 'http://localhost:9999' } as const;
type Origin = keyof typeof origins;
const safe = new Set(['GET', 'HEAD']);

/** All that may be done without signing in. Another one that says `public` fails until it is meant to be here. */
const publicRoutes = [
  'GET /stations',
  'GET /stations/:id',
  'GET /stations/:id/readings',
  'GET /stations/:id/episodes',
  'GET /snapshot',
  'GET /stream',
  'GET /openapi.json',
  'GET /session',
  'GET /session/options',
  'POST /session',
  'DELETE /session',
  'POST /session/passkey/options',
  'POST /session/passkey',
  'GET /session/oidc',
  'GET /session/oidc/callback',
  'POST /invites/look',
  'POST /invites/accept',
];
/** What refuses by itself who brings nothing good, in a public route. */
const ownRefusals = new Set(['GET /session']);

/** Who asks: what the request carries, and what of it counts. */
type Asker = {
  readonly name: string;
  readonly headers: () => Promise<Record<string, string>>;
  /** Null: nobody, as far as the server knows. */
  readonly role: Role | null;
  readonly fresh: boolean;
  readonly by: 'cookie' | 'bearer' | 'nothing';
};

let webDir: string;
beforeAll(() => {
  webDir = mkdtempSync(join(tmpdir(), 'siaga-web-'));
  writeFileSync(join(webDir, 'index.html'), '<!doctype html>');
});
afterAll(() => rmSync(webDir, { recursive: true }));

async function person(people: People, login: string, role: Role): Promise<string> {
  const made = await people.accounts.create('test', { login, name: login, role });
  if (isRefusal(made)) throw new Error(made.detail);
  return made.account.id;
}

/** A person with a session, without the cost of a password. */
async function activate(state: StateStore, id: string): Promise<void> {
  const kind = { kind: 'account' };
  const kept = await state.record<object>(kind, id);
  await state.commit({ nowMs: 0, puts: [{ kind, id, body: { ...kept?.body, state: 'active' } }] });
}

async function askers(people: People, state: StateStore, clock: ReturnType<typeof steppedClock>): Promise<Asker[]> {
  const all: Asker[] = [];
  const cookie = (token: string) => ({ cookie: `__Host-siaga=${token}` });
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const signIn = async (id: string) => cookie(await people.signIn.open(id, 'test', 'password'));
  async function stale(id: string) {
    const token = await people.signIn.open(id, 'test', 'password');
    const kind = { kind: 'session' };
    const kept = await state.record<object>(kind, digestOf(token));
    const body = { ...kept?.body, provedAtMs: clock.now() - 11 * 60_000 };
    await state.commit({ nowMs: 0, puts: [{ kind, id: digestOf(token), body, subject: id, atMs: clock.now() }] });
    return cookie(token);
  }
  const nobody = { role: null, fresh: false } as const;

  const expired = await person(people, 'expired', 'admin');
  await activate(state, expired);
  const old = await signIn(expired);
  clock.moveTo(clock.now() + 25 * 3_600_000);
  for (const role of roles) {
    const id = await person(people, `a-${role}`, role);
    await activate(state, id);
    // Each request has a session of its own: some routes end it.
    all.push({ name: role, headers: () => signIn(id), role, fresh: true, by: 'cookie' });
    all.push({ name: `${role}, proved long ago`, headers: () => stale(id), role, fresh: false, by: 'cookie' });
  }
  for (const role of ['viewer', 'device', 'agency'] as const) {
    const { token } = await people.tokens.create('test', { name: role, role });
    all.push({ name: `token of a ${role}`, headers: async () => bearer(token), role, fresh: false, by: 'bearer' });
  }
  const disabled = await person(people, 'disabled', 'admin');
  await activate(state, disabled);
  const kept = await signIn(disabled);
  await state.commit({
    nowMs: 0,
    puts: [
      {
        kind: { kind: 'account' },
        id: disabled,
        body: { ...(await people.accounts.find(disabled))?.body, state: 'disabled' },
      },
    ],
  });
  const revoked = await people.tokens.create('test', { name: 'revoked', role: 'viewer' });
  await people.tokens.revoke('test', revoked.id);
  all.push({ name: 'anonymous', headers: async () => ({}), ...nobody, by: 'nothing' });
  all.push({ name: 'expired session', headers: async () => old, ...nobody, by: 'nothing' });
  all.push({ name: 'disabled account', headers: async () => kept, ...nobody, by: 'nothing' });
  all.push({ name: 'made-up cookie', headers: async () => cookie('x'.repeat(43)), ...nobody, by: 'nothing' });
  all.push({ name: 'revoked token', headers: async () => bearer(revoked.token), ...nobody, by: 'bearer' });
  return all;
}

/** What the guard must say: 401, 403, or `in` for any answer of the route itself. */
function expected({ method, access, fresh }: GuardedRoute, asker: Asker, origin: Origin): 401 | 403 | 'in' {
  if (asker.by === 'bearer' && asker.role === null) return 401;
  if (!safe.has(method) && asker.by !== 'bearer' && origin !== 'ours') return 403;
  if (access === 'public') return 'in';
  if (asker.role === null) return 401;
  // A token is nobody's own account.
  if (access === 'self' && asker.by === 'bearer') return 403;
  if (!policy[asker.role].includes(access)) return 403;
  return fresh && !asker.fresh ? 403 : 'in';
}

test('every route answers everyone as the policy says', { timeout: 240_000 }, async () => {
  const stores = openMemory();
  const clock = steppedClock(Date.UTC(2026, 0, 10, 12));
  const people = createPeople({ state: stores.state, nowMs: clock.now });
  const routes: GuardedRoute[] = [];
  const { app, close } = await plausibleApi({
    people,
    audit: stores.audit,
    web: { dir: webDir, tilesPath: null },
    access: {
      ...authentication({ people, drillOf: () => null, origin: null }),
      limits: { address: 1e9, session: 1e9, guarded: 1e9 },
      onRoute: (route) => routes.push(route),
    },
  });
  const all = await askers(people, stores.state, clock);
  const names = routes.map(({ method, url }) => `${method} ${url.replace('/api/v1', '')}`);
  expect(names.filter((name, i) => routes[i]?.access === 'public' && !name.startsWith('HEAD')).sort()).toEqual(
    [...publicRoutes].sort(),
  );

  const unexpected: string[] = [];
  const counts = { in: 0, 401: 0, 403: 0 };
  for (const [i, route] of routes.entries()) {
    const name = names[i] as string;
    // An answer without end: the guard's refusals are the same as of every other public one.
    if (name.endsWith('GET /stream')) continue;
    for (const asker of all)
      for (const origin of safe.has(route.method)
        ? (['ours', 'foreign'] as const)
        : (Object.keys(origins) as Origin[])) {
        const given = origins[origin];
        const answer = await app.inject({
          method: route.method as 'GET',
          // No object has this name: what would change something finds nothing to change.
          url: route.url.replaceAll(/:\w+/g, 'nothing0'),
          headers: { host, ...(given === undefined ? {} : { origin: given }), ...(await asker.headers()) },
          ...(safe.has(route.method) ? {} : { payload: {} }),
        });
        const wanted = expected(route, asker, origin);
        const guarded = answer.statusCode === 401 || answer.statusCode === 403;
        const got =
          guarded && !(wanted === 'in' && ownRefusals.has(name.replace('HEAD', 'GET'))) ? answer.statusCode : 'in';
        counts[wanted] += 1;
        if (got !== wanted || answer.statusCode >= 500)
          unexpected.push(
            `${name} by ${asker.name}, page ${origin}: ${answer.statusCode}, not ${wanted}: ${answer.body}`,
          );
      }
  }
  const cells = counts.in + counts[401] + counts[403];
  console.log(
    `access: ${routes.length} routes × ${all.length} askers × origins: ${cells} answers, ${counts.in} let in, ` +
      `${counts[401]} × 401, ${counts[403]} × 403; ${unexpected.length} unexpected`,
  );
  expect(unexpected).toEqual([]);
  expect(cells).toBeGreaterThan(1000);
  await close();
  await stores.close();
});

test('another’s session, passkey and token are not there', async () => {
  const stores = openMemory();
  const clock = steppedClock(Date.UTC(2026, 0, 10, 12));
  const people = createPeople({ state: stores.state, nowMs: clock.now });
  const { app, close } = await plausibleApi({
    people,
    audit: stores.audit,
    web: { dir: webDir, tilesPath: null },
    access: authentication({ people, drillOf: () => null, origin: null }),
  });
  const [mine, theirs] = [await person(people, 'mine', 'admin'), await person(people, 'theirs', 'operator')];
  for (const id of [mine, theirs]) await activate(stores.state, id);
  const token = await people.signIn.open(mine, 'test', 'password');
  await people.signIn.open(theirs, 'test', 'password');
  const [session] = await people.sessions.list(theirs, '');
  const key = { account: theirs, name: 'key', publicKey: '', counter: 0, createdAtMs: 0 };
  await stores.state.commit({
    nowMs: 0,
    puts: [{ kind: { kind: 'passkey' }, id: 'their-key', body: key, subject: theirs }],
  });
  const ask = (method: 'DELETE' | 'PUT', url: string) =>
    app.inject({ method, url: `/api/v1${url}`, headers: { host, origin: ours, cookie: `__Host-siaga=${token}` } });
  for (const url of [`/me/sessions/${session?.id}`, '/me/passkeys/their-key', '/tokens/nothing0', '/people/nothing0'])
    expect((await ask('DELETE', url)).statusCode, url).toBe(404);
  expect(await people.sessions.list(theirs, '')).toHaveLength(1);
  expect(await stores.state.record({ kind: 'passkey' }, 'their-key')).toBeDefined();
  await close();
  await stores.close();
});
