import { steppedClock } from '@siaga/protocol';
import { Secret, TOTP } from 'otpauth';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Stores } from '../store/index.ts';
import { openMemory } from '../store/index.ts';
import { createPeople, isRefusal, type People } from './index.ts';
import { createPasswords, tooBusy } from './password.ts';
import type { Refusal } from './refusal.ts';
import { freshMs, idleMs, type SignedIn } from './sessions.ts';

const password = 'three words by the river';
const hourMs = 3_600_000;
const startMs = Date.UTC(2026, 0, 10, 12);
const from = { address: '10.0.0.1', agent: 'a browser' };

let stores: Stores;
let clock: ReturnType<typeof steppedClock>;
let people: People;
let setUp: number;
beforeEach(() => {
  stores = openMemory();
  clock = steppedClock(startMs);
  setUp = 0;
  people = createPeople({
    state: stores.state,
    nowMs: clock.now,
    onSetUp() {
      setUp += 1;
    },
  });
});
afterEach(() => stores.close());

function good<T>(outcome: T | Refusal): T {
  if (isRefusal(outcome)) throw new Error(outcome.detail);
  return outcome;
}

const later = (ms: number) => clock.moveTo(clock.now() + ms);

/** The first admin, signed in. */
async function admin(): Promise<{ id: string; token: string }> {
  const token = await people.setup.mint('machine');
  const accepted = await people.invites.accept({ token, login: 'ratna', name: 'Ratna', password }, 'a browser');
  const { session, account } = good(accepted);
  return { id: account.id, token: session };
}

async function member(login: string, role: 'viewer' | 'operator' | 'admin' = 'operator') {
  const { token, account } = good(await people.accounts.create('shell', { login, name: login, role }));
  const { session } = good(await people.invites.accept({ token, password }, 'a browser'));
  return { id: account.id, token: session };
}

async function signIn(login: string, typed = password, more: { totp?: string; address?: string } = {}) {
  return people.signIn.signIn({ login, password: typed, ...from, ...more });
}

const who = (token: string): Promise<SignedIn | null> => people.sessions.byCookie(token);

async function acts(): Promise<string[]> {
  return (await stores.audit.list({ limit: 100 })).map(({ act }) => act).reverse();
}

describe('the first admin', () => {
  test('is made by a link that is good once and for a day, and is signed in', async () => {
    expect(await people.setup.isOpen()).toBe(true);
    const token = await people.setup.mint('machine');
    expect(await people.invites.look(token)).toEqual({ kind: 'setup', login: null, name: null, role: 'admin' });
    const wish = { token, login: 'ratna', name: 'Ratna', password, email: 'r@example.org', tellMe: true };
    const { session, account } = good(await people.invites.accept(wish, 'a browser'));
    expect((await who(session))?.account).toEqual(account);
    expect(await people.setup.isOpen()).toBe(false);
    expect(setUp).toBe(1);
    expect(good(await people.accounts.read(account.id))).toMatchObject({
      state: 'active',
      role: 'admin',
      contacts: { email: 'r@example.org' },
      subscriptions: [{ basins: [], minPriority: 'low', lists: ['flood', 'health'], channels: ['email'] }],
    });
    expect(await people.invites.accept({ ...wish, login: 'eve' }, '')).toMatchObject({ refused: 'not-found' });
    expect(await people.invites.look(token)).toMatchObject({ refused: 'not-found' });
  });

  test('of two who take the same link at once one is made', async () => {
    const token = await people.setup.mint('machine');
    const both = await Promise.all(
      ['ani', 'budi'].map((login) => people.invites.accept({ token, login, name: login, password }, '')),
    );
    expect(both.filter(isRefusal)).toMatchObject([{ refused: 'conflict' }]);
    expect(await people.accounts.list()).toHaveLength(1);
  });

  test('a link ends after a day, with each start, and when another one was used', async () => {
    const first = await people.setup.mint('machine');
    const second = await people.setup.mint('machine');
    const third = await people.setup.mint('shell');
    expect(await people.invites.look(first)).toMatchObject({ refused: 'not-found' });
    expect(await people.invites.look(second)).toMatchObject({ kind: 'setup' });
    good(await people.invites.accept({ token: third, login: 'ratna', name: 'Ratna', password }, ''));
    expect(await people.invites.look(second)).toMatchObject({ refused: 'not-found' });
    const fourth = await people.setup.mint('shell');
    later(24 * hourMs);
    expect(await people.invites.look(fourth)).toMatchObject({ refused: 'not-found' });
  });

  test.each([
    [{ login: undefined }, 'login'],
    [{ name: undefined }, 'name'],
    [{ password: 'short' }, 'password'],
    [{ password: 'ratna1234567' }, 'password'],
    [{ password: 'passwordpassword' }, 'password'],
    [{ password: 'password1234' }, 'password'],
    [{ password: 'abababababab' }, 'password'],
    [{ password: 'abcdefghijklmnop' }, 'password'],
    [{ tellMe: true }, 'email'],
  ])('%j is refused by its field, and the link stays good', async (wrong, field) => {
    const token = await people.setup.mint('machine');
    const wish = { token, login: 'ratna', name: 'Ratna', password, ...wrong } as Parameters<
      People['invites']['accept']
    >[0];
    expect(await people.invites.accept(wish, '')).toMatchObject({ refused: 'invalid', field });
    expect(await people.invites.look(token)).toMatchObject({ kind: 'setup' });
  });
});

describe('signing in', () => {
  test('tells nobody which logins there are', async () => {
    await admin();
    const wrong = await signIn('ratna', 'another few words here');
    expect(wrong).toMatchObject({ refused: 'not-signed-in' });
    expect(await signIn('nobody')).toEqual(wrong);
    const waiting = await people.accounts.create('shell', { login: 'waits', name: 'W', role: 'viewer' });
    expect(isRefusal(waiting)).toBe(false);
    expect(await signIn('waits')).toEqual(wrong);
    expect(await who(good(await signIn('ratna')))).toMatchObject({ fresh: true, by: 'cookie' });
  });

  test('after five failures an address waits for that account; the right password from elsewhere goes on', async () => {
    await admin();
    for (let i = 0; i < 5; i += 1)
      expect(await signIn('ratna', 'wrong wrong wrong')).toMatchObject({ refused: 'not-signed-in' });
    expect(await signIn('ratna')).toMatchObject({ refused: 'too-often', retryAfterS: 900 });
    expect((await people.accounts.list())[0]?.state).toBe('locked');
    good(await signIn('ratna', password, { address: '10.0.0.2' }));
    later(15 * 60_000);
    good(await signIn('ratna'));
  });

  test('with an authenticator wants its code, each only once', async () => {
    const { id } = await admin();
    const begun = good(await people.me.beginTotp(id));
    const app = new TOTP({ secret: Secret.fromBase32(begun.secret) });
    expect(begun.uri).toMatch(/^otpauth:\/\/totp\/Siaga:ratna\?/);
    expect(await people.me.confirmTotp(id, '000000')).toMatchObject({ refused: 'invalid', field: 'code' });
    const step = Date.now();
    expect(good(await people.me.confirmTotp(id, app.generate({ timestamp: step }))).hasTotp).toBe(true);
    expect(await signIn('ratna')).toMatchObject({ refused: 'not-signed-in', field: 'totp' });
    const used = await signIn('ratna', password, { totp: app.generate({ timestamp: step }) });
    expect(used).toMatchObject({ refused: 'not-signed-in', field: 'totp' });
    const next = app.generate({ timestamp: step + 30_000 });
    const both = await Promise.all([1, 2].map(() => signIn('ratna', password, { totp: next })));
    expect(both.filter(isRefusal)).toHaveLength(1);
    expect(JSON.stringify(await people.accounts.list())).not.toContain(begun.secret);
    expect(good(await people.me.removeTotp(id)).hasTotp).toBe(false);
    good(await signIn('ratna'));
  });

  test('no password, token or link is in the store as it is', async () => {
    const { token } = await admin();
    const link = await people.setup.mint('shell');
    const made = await people.tokens.create('shell', { name: 'wall', role: 'device' });
    const kept = JSON.stringify(
      await Promise.all(
        ['account', 'credential', 'session', 'token', 'invite', 'login'].map((kind) => stores.state.records({ kind })),
      ),
    );
    const audit = JSON.stringify(await stores.audit.list({ limit: 100 }));
    for (const secret of [password, token, link, made.token]) {
      expect(kept).not.toContain(secret);
      expect(audit).not.toContain(secret);
    }
    expect(kept).toContain('scrypt$16$8$1$');
  });
});

describe('sessions', () => {
  test('end when unused for 12 h, at the latest after 24 h, and are fresh for 10 min', async () => {
    const { token } = await admin();
    later(freshMs - 1);
    expect((await who(token))?.fresh).toBe(true);
    later(1);
    expect((await who(token))?.fresh).toBe(false);
    // It is noted once a minute that a session is in use.
    later(idleMs - 60_000);
    const asked = await who(token);
    expect(asked?.session).toBeDefined();
    expect((await people.sessions.info(asked as SignedIn, null))?.absoluteUntil).toBe('2026-01-11T12:00:00.000Z');
    later(startMs + 24 * hourMs - clock.now());
    expect(await who(token)).toBeNull();
    const { token: other } = await member('ani');
    later(idleMs);
    expect(await who(other)).toBeNull();
  });

  test('an open stream learns that its session has ended, whoever ended it', async () => {
    const { id, token } = await admin();
    const asked = (await who(token)) as SignedIn;
    const again = (await who(good(await signIn('ratna')))) as SignedIn;
    expect(asked.valid()).toBe(true);
    const [mine] = (await people.sessions.list(id, again.session)).filter(({ current }) => !current);
    expect(await people.sessions.revoke(id, mine?.id ?? '')).toBe(true);
    expect(await people.sessions.revoke('somebody', again.session)).toBe(false);
    asked.valid();
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked.valid()).toBe(false);
    expect(again.valid()).toBe(true);
  });

  test('another password ends the others and makes this one fresh', async () => {
    const { id, token } = await admin();
    const other = good(await signIn('ratna'));
    later(freshMs);
    const session = (await who(token))?.session ?? '';
    const wish = { old: password, new: 'four other words, by night', address: from.address };
    expect(await people.me.setPassword(id, session, { ...wish, old: 'x' })).toMatchObject({ field: 'old' });
    expect(await people.me.setPassword(id, session, { ...wish, new: 'short' })).toMatchObject({ field: 'new' });
    good(await people.me.setPassword(id, session, wish));
    expect(await who(other)).toBeNull();
    expect((await who(token))?.fresh).toBe(true);
    expect(await signIn('ratna')).toMatchObject({ refused: 'not-signed-in' });
    good(await signIn('ratna', wish.new));
  });

  test('are written to once a minute at most', async () => {
    const { token } = await admin();
    const session = (await who(token))?.session ?? '';
    const version = async () => (await stores.state.record({ kind: 'session' }, session))?.version;
    for (let i = 0; i < 5; i += 1) await who(token);
    expect(await version()).toBe(1);
    later(60_000);
    for (let i = 0; i < 5; i += 1) await who(token);
    expect(await version()).toBe(2);
  });
});

describe('managing people', () => {
  test('a new role or being disabled ends sessions; a stale version changes nothing', async () => {
    const { id: boss } = await admin();
    const { id, token } = await member('ani');
    const { version } = good(await people.accounts.read(id));
    expect(await people.accounts.update(boss, id, { version: version - 1, role: 'viewer' })).toMatchObject({
      refused: 'conflict',
    });
    expect(await who(token)).not.toBeNull();
    const changed = good(await people.accounts.update(boss, id, { version, role: 'supervisor' }));
    expect(await who(token)).toBeNull();
    const again = good(await signIn('ani'));
    good(await people.accounts.update(boss, id, { version: changed.version, state: 'disabled' }));
    expect(await who(again)).toBeNull();
    expect(await signIn('ani')).toMatchObject({ refused: 'not-signed-in' });
  });

  test('the last admin stays, unless whoever has the machine says otherwise', async () => {
    const { id } = await admin();
    const { version } = good(await people.accounts.read(id));
    for (const change of [{ role: 'viewer' }, { state: 'disabled' }] as const)
      expect(await people.accounts.update(id, id, { version, ...change })).toMatchObject({ refused: 'conflict' });
    expect(await people.accounts.remove(id, id)).toMatchObject({ refused: 'conflict' });
    await member('second', 'admin');
    expect(await people.accounts.remove(id, id)).toBeUndefined();
  });

  test('a reset link gives another password, and ends what the person signed in with before', async () => {
    const { id: boss } = await admin();
    const { id, token } = await member('ani');
    good(await people.me.beginTotp(id));
    const link = good(await people.accounts.invite(boss, id)).token;
    expect(await people.invites.look(link)).toMatchObject({ kind: 'reset', login: 'ani', role: 'operator' });
    good(await signIn('ani'));
    good(await people.invites.accept({ token: link, password: 'a new row of words' }, ''));
    expect(await who(token)).toBeNull();
    expect(await signIn('ani')).toMatchObject({ refused: 'not-signed-in' });
    good(await signIn('ani', 'a new row of words'));
  });

  test('a deleted person leaves an id in the audit and nothing else; the chain holds', async () => {
    const { id: boss } = await admin();
    const made = good(
      await people.accounts.create(boss, {
        login: 'suryani',
        name: 'Suryani Wulandari',
        role: 'viewer',
        contacts: { phone: '+628123456789' },
      }),
    );
    good(await people.invites.accept({ token: made.token, password }, 'Firefox on Suryanis phone'));
    expect(await people.accounts.remove(boss, made.account.id)).toBeUndefined();
    const all = ['account', 'login', 'credential', 'session', 'invite', 'last-seen', 'passkey'];
    const kept = JSON.stringify(await Promise.all(all.map((kind) => stores.state.records({ kind }))));
    const audit = JSON.stringify(await stores.audit.list({ limit: 100 }));
    for (const personal of [/suryani/i, /628123456789/]) {
      expect(kept).not.toMatch(personal);
      expect(audit).not.toMatch(personal);
    }
    expect(await stores.state.record({ kind: 'account' }, made.account.id)).toMatchObject({
      body: { deletedAtMs: startMs },
    });
    expect((await people.names()).map(({ name }) => name)).toEqual(['Ratna']);
    expect(await acts()).toEqual([
      'account.setup-link',
      'account.setup-accepted',
      'account.create',
      'account.invite-accepted',
      'account.delete',
    ]);
    // The login is free again.
    good(await people.accounts.create(boss, { login: 'suryani', name: 'Another', role: 'viewer' }));
  });

  test('tokens see by their role, act for nobody, and end when revoked', async () => {
    const { id, token } = await people.tokens.create('shell', { name: 'wall', role: 'device' });
    const asked = (await people.sessions.byToken(token)) as SignedIn;
    expect(asked).toMatchObject({ by: 'token', fresh: false, account: { id, name: 'wall', role: 'device' } });
    expect([...asked.permissions]).toEqual(['alarms:read']);
    expect(await people.tokens.list()).toMatchObject([{ id, name: 'wall', lastSeenAt: '2026-01-10T12:00:00.000Z' }]);
    expect(await people.tokens.revoke('shell', id)).toBeUndefined();
    expect(await people.sessions.byToken(token)).toBeNull();
    expect(await people.tokens.revoke('shell', id)).toMatchObject({ refused: 'not-found' });
  });
});

test('many at once are served in turn, a flood is turned away', async () => {
  const passwords = createPasswords({ atOnce: 1, waiting: 2 });
  const hash = await passwords.hash(password);
  const many = await Promise.all(
    ['x', password, 'y', password, 'z'].map((each) => passwords.verify(each, String(hash))),
  );
  expect(many).toEqual([false, true, false, tooBusy, tooBusy]);
  expect(await passwords.verify('caf\u00e9', String(await passwords.hash('cafe\u0301')))).toBe(true);
});
