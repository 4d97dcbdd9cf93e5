/** Against a real OpenID provider on this machine: the browser is played by a cookie jar that follows redirects. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Provider from 'oidc-provider';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { authentication } from '../api/authenticate.ts';
import { plausibleApi } from '../api-testing.ts';
import { openMemory, type Stores } from '../store/index.ts';
import { createPeople, type People } from './index.ts';
import { oidcSettings, roleByClaims } from './oidc-settings.ts';

type Claims = Record<string, unknown>;

let undo: (() => unknown)[];
let stores: Stores;
let people: People;
let ours: string;
/** What the provider says of who signs in there now. */
let person: Claims & { sub: string };

beforeEach(async () => {
  undo = [];
  const dir = mkdtempSync(join(tmpdir(), 'siaga-oidc-'));
  writeFileSync(join(dir, 'index.html'), '<!doctype html>');
  undo.push(() => rmSync(dir, { recursive: true }));
  stores = openMemory();
  const spare = createServer().listen(0, '127.0.0.1');
  await once(spare, 'listening');
  const port = portOf(spare);
  await new Promise((done) => spare.close(done));
  ours = `http://localhost:${port}`;
  const issuer = await openProvider(`${ours}/api/v1/session/oidc/callback`);
  const faults: string[] = [];
  const oidc = oidcSettings(
    {
      SIAGA_OIDC_ISSUER: issuer,
      SIAGA_OIDC_CLIENT_ID: 'siaga',
      SIAGA_OIDC_CLIENT_SECRET: 'secret',
      SIAGA_OIDC_NAME: 'City login',
      SIAGA_OIDC_ROLES: 'duty = operator, chiefs=supervisor',
    },
    faults,
  );
  expect(faults).toEqual([]);
  people = createPeople({ state: stores.state, nowMs: Date.now, oidc });
  const { app, close } = await plausibleApi({
    people,
    audit: stores.audit,
    origin: ours,
    web: { dir, tilesPath: null },
    access: authentication({ people, drillOf: () => null, origin: ours }),
  });
  await app.listen({ host: '127.0.0.1', port });
  undo.push(close);
  person = { sub: 'u-1', preferred_username: 'Ani.W', name: 'Ani W', groups: ['duty', 'choir'] };
});
afterEach(async () => {
  for (const step of undo.reverse()) await step();
  await stores.close();
});

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A provider where everyone is let in as `person`, without forms. */
async function openProvider(redirectUri: string): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${portOf(server)}`;
  const provider: Provider = new Provider(issuer, {
    clients: [{ client_id: 'siaga', client_secret: 'secret', redirect_uris: [redirectUri] }],
    pkce: { required: () => true },
    claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'groups'], email: ['email', 'email_verified'] },
    features: { devInteractions: { enabled: false } },
    cookies: { keys: ['k'] },
    jwks: { keys: [await signingKey()] },
    interactions: { url: (_context, { uid }) => `/enter/${uid}` },
    findAccount: (_context, sub) => ({ accountId: sub, claims: async () => person }),
    async loadExistingGrant(context) {
      const grant = new provider.Grant({ clientId: 'siaga', accountId: context.oidc.session?.accountId ?? '' });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
  });
  const answer = provider.callback();
  server.on('request', (request, response) => {
    if (!request.url?.startsWith('/enter/')) return void answer(request, response);
    void provider.interactionFinished(request, response, { login: { accountId: person.sub } });
  });
  undo.push(() => new Promise((done) => server.close(done).closeAllConnections()));
  return issuer;
}

async function signingKey() {
  const algorithm = {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  };
  const { privateKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  return { ...(await crypto.subtle.exportKey('jwk', privateKey)), alg: 'RS256', use: 'sig', kid: 'k1' } as never;
}

/** Follows redirects from `url`, with the cookies of each host; ends at the console, or where there are no more. */
async function browse(url: string, jar = new Map<string, Map<string, string>>()) {
  let place = new URL(url);
  for (let steps = 0; steps < 20; steps += 1) {
    const cookies = jar.get(place.host) ?? new Map<string, string>();
    jar.set(place.host, cookies);
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(place, { redirect: 'manual', headers: { cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    const next = answer.headers.get('location');
    if (next === null) return { place, answer, jar };
    place = new URL(next, place);
    if (place.origin === ours && !place.pathname.startsWith('/api/')) return { place, answer, jar };
  }
  throw new Error('too many redirects');
}

async function signIn(query = '', before = new Map<string, Map<string, string>>()) {
  const { place, jar } = await browse(`${ours}/api/v1/session/oidc${query}`, before);
  const token = jar.get(new URL(ours).host)?.get('__Host-siaga') ?? '';
  const answer = await fetch(`${ours}/api/v1/session`, { headers: { cookie: `__Host-siaga=${token}` } });
  return { hash: place.hash, status: answer.status, session: (await answer.json()) as Claims, token, jar };
}

test('who has a role there gets an account, and the role that the groups give each time', async () => {
  expect(await (await fetch(`${ours}/api/v1/session/options`)).json()).toMatchObject({ oidc: { name: 'City login' } });
  const first = await signIn();
  expect(first).toMatchObject({
    hash: '',
    status: 200,
    session: { login: 'ani.w', fresh: false, account: { name: 'Ani W', role: 'operator' } },
  });
  person = { ...person, groups: ['chiefs', 'duty'] };
  const second = await signIn();
  expect(second.session).toMatchObject({ account: { role: 'supervisor' }, login: 'ani.w' });
  expect(await people.sessions.byCookie(first.token)).toBeNull();
  expect(await people.accounts.list()).toHaveLength(1);
});

test('nobody is let in without a group that counts, or as an account that has that name already', async () => {
  person = { ...person, groups: ['choir'] };
  expect(await signIn()).toMatchObject({ hash: '#sign-in=forbidden', status: 401 });
  await people.accounts.create('shell', { login: 'ani.w', name: 'Ani', role: 'admin' });
  person = { ...person, groups: 'duty' };
  expect((await signIn()).session).toMatchObject({ login: 'ani.w-2', account: { role: 'operator' } });
});

test('whom the provider only remembers has proved nothing; proving it again leads back to where they were', async () => {
  const first = await signIn();
  expect(first.session).toMatchObject({ fresh: false });
  const remembered = await signIn('', first.jar);
  expect(remembered.session).toMatchObject({ fresh: false });
  expect(await people.sessions.byCookie(first.token)).toBeNull();
  const again = await signIn('?again=true&back=people%3D1%26station%3Ddepok', remembered.jar);
  expect(again).toMatchObject({ hash: '#people=1&station=depok', session: { fresh: true, login: 'ani.w' } });
  expect(await people.sessions.byCookie(remembered.token)).toBeNull();
  expect(await people.accounts.list()).toHaveLength(1);
});

test.each(['?back=a%0d%0aset-cookie:%20x', '?back=%3Cb%3E', '?to=https://evil.example', '?again=perhaps'])(
  'the way back is a place in the console alone: %s',
  async (query) => {
    expect((await fetch(`${ours}/api/v1/session/oidc${query}`, { redirect: 'manual' })).status).toBe(400);
  },
);

test('a disabled account stays out', async () => {
  await signIn();
  const [account] = await people.accounts.list();
  await people.accounts.update('shell', account?.id ?? '', { version: account?.version ?? 0, state: 'disabled' });
  expect(await signIn()).toMatchObject({ hash: '#sign-in=forbidden', status: 401 });
});

test('an answer that another browser began, and one that comes twice, are refused', async () => {
  const set = await fetch(`${ours}/api/v1/session/oidc`, { redirect: 'manual' });
  const [cookie = ''] = set.headers.getSetCookie();
  const jar = new Map([[new URL(ours).host, new Map()]]);
  const stolen = await browse(set.headers.get('location') ?? '', jar);
  expect(stolen.place.hash).toBe('#sign-in=not-signed-in');
  expect(stolen.jar.get(new URL(ours).host)?.get('__Host-siaga')).toBeUndefined();
  const callback = `${ours}/api/v1/session/oidc/callback?code=made-up&state=made-up`;
  const answer = await fetch(callback, { redirect: 'manual', headers: { cookie: cookie.split(';')[0] ?? '' } });
  expect(answer.headers.get('location')).toMatch(/#sign-in=/);
});

test('settings are checked, all faults at once', () => {
  const faults: string[] = [];
  oidcSettings(
    { SIAGA_OIDC_ISSUER: 'http://id.example', SIAGA_OIDC_ROLES: 'duty=captain', SIAGA_OIDC_CREATE: 'maybe' },
    faults,
  );
  expect(faults.map((fault) => fault.split(':')[0])).toEqual([
    'SIAGA_OIDC_ISSUER',
    'SIAGA_OIDC_CLIENT_ID',
    'SIAGA_OIDC_CREATE',
    'SIAGA_OIDC_ROLES',
    'SIAGA_OIDC_ROLES',
  ]);
  expect(oidcSettings({}, faults)).toBeNull();
  const nested = oidcSettings(
    {
      SIAGA_OIDC_ISSUER: 'https://id.example',
      SIAGA_OIDC_CLIENT_ID: 's',
      SIAGA_OIDC_ROLES: 'a=viewer,b=admin',
      SIAGA_OIDC_ROLES_CLAIM: 'realm.roles',
    },
    [],
  );
  expect(nested && roleByClaims(nested, { realm: { roles: ['a', 'b'] } })).toBe('admin');
  expect(nested && roleByClaims(nested, { realm: 7 })).toBeNull();
});
