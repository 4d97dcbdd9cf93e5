/** What somebody with ill will, or bad luck, can try on accounts. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { put } from '../ports.ts';
import { openMemory, openStore, type Stores } from '../store/index.ts';
import { createPeople, isRefusal, type People } from './index.ts';
import { providerSubjects } from './records.ts';
import type { Refusal } from './refusal.ts';

const password = 'three words by the river';
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const from = { address: '10.0.0.1', agent: 'a browser' };

let stores: Stores;
let nowMs: number;
let people: People;
beforeEach(() => {
  stores = openMemory();
  nowMs = Date.UTC(2026, 0, 10, 12);
  people = createPeople({ state: stores.state, nowMs: () => nowMs });
});
afterEach(() => stores.close());

function good<T>(outcome: T | Refusal): T {
  if (isRefusal(outcome)) throw new Error(outcome.detail);
  return outcome;
}

async function admin(login: string) {
  const token = await people.setup.mint('shell');
  const { session, account } = good(await people.invites.accept({ token, login, name: login, password }, ''));
  return { id: account.id, session };
}

test('a clock that is set back lengthens no session, no proof and no link', async () => {
  const { session } = await admin('ratna');
  const link = await people.setup.mint('shell');
  nowMs -= 60_000;
  expect(await people.sessions.byCookie(session)).toMatchObject({ fresh: true });
  expect(await people.invites.look(link)).toMatchObject({ kind: 'setup' });
  nowMs -= 365 * dayMs;
  expect(await people.sessions.byCookie(session)).toBeNull();
  expect(await people.invites.look(link)).toMatchObject({ refused: 'not-found' });
});

test('a clock that is set back lets who failed too often wait no longer', async () => {
  await admin('ratna');
  const guess = () => people.signIn.signIn({ login: 'ratna', password: 'wrong wrong wrong', ...from });
  for (let i = 0; i < 5; i += 1) await guess();
  nowMs -= 365 * dayMs;
  expect(await guess()).toMatchObject({ refused: 'too-often', retryAfterS: 900 });
  nowMs += 15 * 60_000;
  good(await people.signIn.signIn({ login: 'ratna', password, ...from }));
});

test('two admins who end each other at once leave one', async () => {
  const [ani, budi] = [await admin('ani'), await admin('budi')];
  const [a, b] = [good(await people.accounts.read(ani.id)), good(await people.accounts.read(budi.id))];
  const outcomes = await Promise.all([
    people.accounts.update(ani.id, budi.id, { version: b.version, role: 'viewer' }),
    people.accounts.update(budi.id, ani.id, { version: a.version, state: 'disabled' }),
    people.accounts.remove(budi.id, ani.id),
  ]);
  expect(outcomes.filter(isRefusal)).toMatchObject([{ refused: 'conflict' }, { refused: 'conflict' }]);
  expect(await people.setup.isOpen()).toBe(false);
});

test('who signs in by a provider alone is active again after having been disabled', async () => {
  await admin('ratna');
  const { account } = good(await people.accounts.create('shell', { login: 'ani', name: 'Ani', role: 'viewer' }));
  const subject = put({ kind: providerSubjects, id: 's', body: { account: account.id }, subject: account.id });
  await stores.state.commit({ nowMs, puts: [subject] });
  const off = good(await people.accounts.update('shell', account.id, { version: account.version, state: 'disabled' }));
  expect(await people.accounts.update('shell', account.id, { version: off.version, state: 'active' })).toMatchObject({
    state: 'active',
  });
});

test('of a deleted person nothing stays in the files', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'siaga-deleted-'));
  try {
    const kept = openStore(`sqlite:${join(dir, 'siaga.db')}`);
    const room = createPeople({ state: kept.state, nowMs: () => nowMs });
    const token = await room.setup.mint('shell');
    good(await room.invites.accept({ token, login: 'ratna', name: 'Ratna', password }, ''));
    const wish = { login: 'unmistakable.login', name: 'Unmistakable Name', role: 'operator' } as const;
    const made = good(
      await room.accounts.create('shell', { ...wish, contacts: { email: 'unmistakable@example.org' } }),
    );
    const { account } = good(await room.invites.accept({ token: made.token, password }, 'Unmistakable Browser'));
    await room.me.addPush(account.id, JSON.stringify({ endpoint: 'https://push.example/unmistakable' }));
    expect(await room.accounts.remove('shell', account.id)).toBeUndefined();
    await kept.close();
    const found = readdirSync(dir).filter((file) => /unmistakable/i.test(readFileSync(join(dir, file), 'latin1')));
    expect(found).toEqual([]);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
