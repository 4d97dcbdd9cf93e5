import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { memoryNotifier, until } from '../alarms/dispatch/testing.ts';
import { readSettings } from '../alarms/notify/settings.ts';
import { silentLog } from '../log.ts';
import { openMemory } from '../store/memory/index.ts';
import { watchDisk } from './disk.ts';
import { startHeartbeat } from './heartbeat.ts';
import { startWatch, type Watch } from './watch.ts';
import { loadWatchConfig, readHeartbeat, type WatchConfig } from './watch-config.ts';

const secret = 'a-secret-of-the-tests';
let dir: string;
let undo: (() => Promise<unknown>)[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'siaga-watch-'));
  undo = [];
});
afterEach(async () => {
  for (const close of undo.reverse()) await close();
  rmSync(dir, { recursive: true });
});

async function watching(over: Partial<WatchConfig> = {}, email = memoryNotifier('email')) {
  const config: WatchConfig = {
    host: '127.0.0.1',
    port: 0,
    secret,
    tls: null,
    pollUrl: null,
    pollMs: 20,
    silentMs: 150,
    repeatMs: 60_000,
    tell: [{ channel: 'email', address: 'ana@example.org' }],
    stateFile: join(dir, 'state.json'),
    ...over,
  };
  const options = { notifiers: new Map([['email', email]]), log: silentLog(), tickMs: 5, backOffMs: () => 5 };
  const watch = await startWatch({ config, ...options });
  undo.push(watch.close);
  return { watch, email, subjects: () => email.taken.map(({ notice }) => notice.subject) };
}

function beating(watch: Pick<Watch, 'port'>, token = secret, stores = openMemory()) {
  const network = readSettings({}).network();
  const act = () => stores.state.commit({ nowMs: 0, audit: [{ actor: 'machine', act: 'test', subject: 'x' }] });
  const heartbeat = startHeartbeat({
    settings: { url: `http://127.0.0.1:${watch.port}/`, token, everyS: 0.02 },
    network,
    look: async () => ({
      deployment: 'Siaga Test',
      at: new Date().toISOString(),
      version: '1',
      ready: true,
      amiss: [],
      alarms: { high: 1, medium: 0, low: 0 },
    }),
    audit: stores.audit,
  });
  undo.push(heartbeat.close);
  return { heartbeat, act, stores };
}

function heldNo(): number {
  const file = join(dir, 'state.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { audit: { no: number } }).audit.no : 0;
}

test('heartbeats keep it quiet; when they end people are told, and again when it is back', async () => {
  const { watch, email, subjects } = await watching();
  const first = beating(watch);
  await first.act();
  await until(() => heldNo() === 1);
  expect(subjects()).toEqual([]);
  await first.heartbeat.close();
  email.mood = 'down';
  await until(() => email.tries > 2);
  email.mood = 'up';
  await until(() => subjects().length === 1);
  expect(subjects()[0]).toMatch(/^Siaga Test has been silent/);
  const second = beating(watch, secret, first.stores);
  await second.act();
  await until(() => subjects().length === 2);
  expect(subjects()[1]).toBe('Siaga Test is back');
  expect(second.heartbeat.fault()).toBeNull();
});

test('what could not be told while it was silent is not told after it is back: only that it is', async () => {
  const email = memoryNotifier('email');
  email.mood = 'down';
  const { watch, subjects } = await watching({ repeatMs: 300 }, email);
  await until(() => email.tries > 3);
  const { act } = beating(watch);
  await act();
  await until(() => heldNo() === 1);
  email.mood = 'up';
  await until(() => subjects().length > 0);
  const tries = email.tries;
  await act();
  await until(() => heldNo() === 2);
  expect(subjects()).toEqual(['Siaga Test is back']);
  expect(email.tries).toBe(tries);
});

test('a watcher that was restarted still knows how long the record was', async () => {
  const first = await watching();
  const long = beating(first.watch);
  await long.act();
  await long.act();
  await until(() => heldNo() === 2);
  await first.watch.close();
  await long.heartbeat.close();
  const second = await watching({ silentMs: 60_000 });
  const short = beating(second.watch);
  await short.act();
  await until(() => second.subjects().length === 1);
  expect(second.subjects()).toEqual(['Siaga Test: the record of acts was changed']);
  expect(second.email.taken[0]?.notice.text).toContain('line 2 was there before');
});

test('a wrong secret, no beat and a beat too large are refused, and the platform says why', async () => {
  const { watch } = await watching();
  const { heartbeat } = beating(watch, 'another-secret-of-the-tests');
  await until(() => heartbeat.fault() === 'it answered 401');
  const post = (body: string) =>
    fetch(`http://127.0.0.1:${watch.port}/`, { method: 'POST', headers: { authorization: `Bearer ${secret}` }, body });
  expect((await post('{}')).status).toBe(400);
  expect((await post(JSON.stringify({ big: 'x'.repeat(70_000) }))).status).toBe(400);
});

test('it may ask instead of listening', async () => {
  const { watch: other } = await watching({ silentMs: 60_000 });
  const { email, subjects } = await watching({
    port: null,
    silentMs: 150,
    pollUrl: new URL(`http://127.0.0.1:${other.port}/healthz`),
    stateFile: join(dir, 'other.json'),
  });
  await other.close();
  await until(() => subjects().length === 1);
  expect(email.taken[0]?.notice.text).toContain('asked, it does not answer');
});

test('every fault of the settings is told at once, none holds a secret', () => {
  const loaded = loadWatchConfig(
    {
      SIAGA_WATCH_PORT: '99999',
      SIAGA_WATCH_SECRET: 'short',
      SIAGA_WATCH_POLL: 'ftp://x',
      SIAGA_WATCH_TELL: 'pigeon:ana@example.org',
      SIAGA_WATCH_SILENT_MIN: '-1',
      SIAGA_WATCH_CERT: '/nowhere/x.crt',
    },
    ['email'],
  );
  if (loaded.ok) throw new Error('read');
  expect(loaded.faults.map((fault) => fault.split(/[:,]/)[0]).sort()).toEqual([
    'SIAGA_WATCH_CERT',
    'SIAGA_WATCH_POLL',
    'SIAGA_WATCH_PORT',
    'SIAGA_WATCH_SECRET',
    'SIAGA_WATCH_SILENT_MIN',
    'SIAGA_WATCH_TELL',
  ]);
  expect(loaded.faults.join()).not.toMatch(/short|ana@/);
  const none = loadWatchConfig({}, ['email']);
  expect(none.ok ? [] : none.faults).toHaveLength(2);
});

test('a heartbeat goes by https, or to this machine', () => {
  const faults: string[] = [];
  expect(readHeartbeat({}, faults)).toBeNull();
  expect(readHeartbeat({ SIAGA_HEARTBEAT_URL: 'http://localhost:9000/' }, faults)).toMatchObject({ everyS: 60 });
  expect(readHeartbeat({ SIAGA_HEARTBEAT_URL: 'https://watch.example.org/' }, faults)?.token).toBeNull();
  expect(faults).toEqual([]);
  readHeartbeat({ SIAGA_HEARTBEAT_URL: 'http://watch.example.org/', SIAGA_HEARTBEAT_S: '0' }, faults);
  expect(faults).toHaveLength(2);
});

test('the disk of the data folder is told, and null where there is none', async () => {
  const disk = watchDisk(dir);
  const told = await until(() => (disk().diskFreeBytes === null ? undefined : disk()));
  expect(told.diskFreeBytes).toBeGreaterThan(0);
  expect(told.diskFreePercent).toBeGreaterThan(0);
  const none = watchDisk(join(dir, 'none'));
  none();
  await new Promise((resolve) => setImmediate(resolve));
  expect(none().diskFreeBytes).toBeNull();
});
