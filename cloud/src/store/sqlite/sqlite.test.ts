import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { unjudged } from '../../domain/level.ts';
import type { Rejected } from '../../ports.ts';
import { storeContract } from '../store.contract.ts';
import type { Stores } from '../stores.ts';
import { incoming, noonMs, reading, readings, seqsOf, streamA, wholeDay } from '../testing.ts';
import { openDatabase } from './database.ts';
import { openSqlite, renewSqlite, storesOver } from './index.ts';
import { migrations } from './migrations.ts';
import { createQuarantine } from './quarantine.ts';

let folder: string;
let opened: Stores[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'siaga-store-'));
  opened = [];
});
afterEach(async () => {
  for (const stores of opened) await stores.close().catch(() => {});
  rmSync(folder, { recursive: true });
});

const file = () => join(folder, 'siaga.db');

function open(): Stores {
  const stores = openSqlite(`sqlite:${file()}`);
  opened.push(stores);
  return stores;
}

async function reopen(stores: Stores): Promise<Stores> {
  await stores.close();
  opened.pop();
  return open();
}

storeContract('sqlite', () => openSqlite(`sqlite:${join(folder, 'contract.db')}`));

describe('the database', () => {
  test('a commit has reached the disk when it returns: WAL, synchronous FULL', () => {
    const { db, close } = openDatabase(file());
    expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    expect(db.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 });
    close();
  });

  test('identity is minted once; each opening has its generation', async () => {
    const first = open();
    const { storeId, generation } = first.readings;
    const { epoch } = first.changes;
    const second = await reopen(first);
    expect(second.readings).toMatchObject({ storeId, generation: generation + 1 });
    expect(second.changes.epoch).toBe(epoch);
    const other = openSqlite(`sqlite:${join(folder, 'other.db')}`);
    opened.push(other);
    expect(other.readings.storeId).not.toBe(storeId);
    expect(other.changes.epoch).not.toBe(epoch);
  });

  test('a backup that was put back is told from what it was taken of, and keeps its readings', async () => {
    expect(() => renewSqlite(`sqlite:${file()}`)).toThrow(/There is no store/);
    const before = open();
    await before.readings.append([incoming(readings(1, 3))]);
    const { storeId } = before.readings;
    const { epoch } = before.changes;
    await before.close();
    opened.pop();
    renewSqlite(`sqlite:${file()}`);
    const after = open();
    expect(after.readings.storeId).not.toBe(storeId);
    expect(after.changes.epoch).not.toBe(epoch);
    expect(after.readings.settled('katulampa', streamA).settled).toEqual([[1, 3]]);
  });

  test('migrations are numbered from 1 without holes, noted, and a newer database is refused', async () => {
    expect(migrations.map(({ number }) => number)).toEqual(migrations.map((_, i) => i + 1));
    await reopen(open());
    const db = new DatabaseSync(file());
    expect(db.prepare('SELECT number FROM migrations').all()).toEqual(migrations.map(({ number }) => ({ number })));
    db.exec("INSERT INTO migrations VALUES (9999, 'later', 0)");
    db.close();
    expect(() => openSqlite(`sqlite:${file()}`)).toThrow(/newer version/);
  });

  test('what cannot be opened is named', () => {
    expect(() => openSqlite(`sqlite:${join(folder, 'missing', 'x.db')}`)).toThrow(/missing/);
    expect(() => openSqlite('postgres://x')).toThrow(/sqlite:FILE/);
  });
});

describe('after a restart', () => {
  test('settled numbers, dirty marks, judged states, changes and readings are there', async () => {
    const first = open();
    await first.readings.append([
      incoming(readings(1, 5), { lost: [[8, 9]] }),
      incoming(readings(1, 1), { station: 'depok' }),
    ]);
    const fence = await first.judging.takeLease('all');
    const marks = await first.judging.dirty(10);
    const level = {
      severity: 2,
      bandLabel: 'Siaga II',
      since: null,
      presence: 'live',
      quality: 'good',
      note: null,
      maintenance: false,
    } as const;
    const judged = { ...unjudged, severity: 2, approach: [{ atMs: noonMs, stageMm: 5 }] };
    const [change] = await first.judging.commit({
      shard: 'all',
      fence,
      knownAtMs: noonMs,
      judgements: [{ station: 'depok', judged, level, changed: true }],
      cleared: marks.filter(({ station }) => station === 'depok'),
    });

    const second = await reopen(first);
    expect(second.readings.settled('katulampa', streamA).settled).toEqual([
      [1, 5],
      [8, 9],
    ]);
    expect(await second.judging.dirty(10)).toEqual(marks.filter(({ station }) => station === 'katulampa'));
    expect((await second.judging.judged()).get('depok')).toEqual({ judged, level });
    expect(await second.changes.since(0, 10)).toEqual([change]);
    expect((await second.readings.latest()).get('katulampa')).toMatchObject({ seq: 5, stream: streamA });
    const [verdict] = await second.readings.append([incoming([reading(5), reading(6), reading(7), reading(8)])]);
    expect(verdict).toEqual({
      stored: [[6, 7]],
      duplicates: [
        [5, 5],
        [8, 8],
      ],
      conflicts: [],
      scattered: [],
    });
    await expect(
      second.judging.commit({ shard: 'all', fence: fence - 1, knownAtMs: 0, judgements: [], cleared: [] }),
    ).rejects.toMatchObject({ code: 'lease-lost' });
  });

  test('marks go on rising, so that a judge from before clears nothing new', async () => {
    const first = open();
    await first.readings.append([incoming(readings(1, 1))]);
    const [before] = await first.judging.dirty(1);
    const second = await reopen(first);
    await second.readings.append([incoming(readings(2, 2))]);
    expect((await second.judging.dirty(1))[0]?.mark).toBeGreaterThan(before?.mark as number);
  });
});

describe('two processes', () => {
  test('an append is refused once another has opened the store: its memory would not know of ours', async () => {
    const first = open();
    await first.readings.append([incoming(readings(1, 1))]);
    const second = open();
    await expect(first.readings.append([incoming(readings(2, 2))])).rejects.toMatchObject({ code: 'lease-lost' });
    const [verdict] = await second.readings.append([incoming(readings(1, 2))]);
    expect(verdict).toMatchObject({ stored: [[2, 2]], duplicates: [[1, 1]] });
  });
});

describe('quarantine', () => {
  const rejected = (n: number, differs: Partial<Rejected> = {}): Rejected => ({
    station: 'katulampa',
    topic: 'flood/v1/katulampa/readings',
    reason: 'malformed',
    detail: 'not UTF-8 JSON',
    payload: new Uint8Array(10_000),
    sha256: String(n).padStart(64, '0'),
    receivedAtMs: noonMs + n,
    ...differs,
  });

  test('keeps so much of a station, and counts what it drops: malformed messages first, then the oldest', async () => {
    const database = openDatabase(file());
    opened.push(storesOver(database));
    const quarantine = createQuarantine(database, 50_000);
    await quarantine.put([1, 2, 3].map((n) => rejected(n, { reason: 'time-ahead' })));
    await quarantine.put([rejected(4), rejected(4), rejected(9, { station: 'depok' })]);
    await quarantine.put([rejected(5)]);
    const kept = async () => (await quarantine.list(99)).map(({ sha256 }) => Number(sha256));
    expect(await kept()).toEqual([9, 5, 3, 2, 1]);
    expect(await quarantine.dropped()).toEqual([{ station: 'katulampa', reason: 'malformed', count: 2 }]);
    await quarantine.put([6, 7].map((n) => rejected(n, { reason: 'unknown-gauge' })));
    expect(await kept()).toEqual([9, 7, 6, 3, 2]);
    expect(await quarantine.dropped()).toEqual([
      { station: 'katulampa', reason: 'malformed', count: 3 },
      { station: 'katulampa', reason: 'time-ahead', count: 1 },
    ]);
    const { payloads } = database.db.prepare('SELECT count(*) AS payloads FROM reject_payload').get() as {
      payloads: number;
    };
    expect(payloads).toBe(5);
  });

  test('of a database from before is taken over with its payloads', async () => {
    const db = new DatabaseSync(file());
    db.exec('CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at_ms INTEGER NOT NULL)');
    db.exec(migrations[0]?.sql ?? '');
    db.exec("INSERT INTO migrations VALUES (1, 'the walk', 0)");
    db.exec(`INSERT INTO quarantine VALUES (7, 'depok', 't', 'malformed', 'd', '${'a'.repeat(64)}', x'0102', 5, 3)`);
    db.close();
    const database = openDatabase(file());
    opened.push(storesOver(database));
    const quarantine = createQuarantine(database);
    expect(await quarantine.list(9)).toMatchObject([{ station: 'depok', count: 3, receivedAtMs: 5 }]);
    await quarantine.put([rejected(1, { station: 'depok', sha256: 'a'.repeat(64) })]);
    expect(await quarantine.list(9)).toMatchObject([{ count: 4 }]);
    expect(database.db.prepare('SELECT * FROM reject_payload').all()).toMatchObject([{ reject_id: 7 }]);
    expect(database.db.prepare('SELECT bytes FROM reject_total').get()).toEqual({ bytes: 1026 });
  });
});

describe('no room', () => {
  test('append is refused with retry, stores nothing, and goes on when there is room again', async () => {
    const database = openDatabase(file());
    const { db } = database;
    const stores = storesOver(database);
    opened.push(stores);
    await stores.readings.append([incoming(readings(1, 3))]);
    const { page_count } = db.prepare('PRAGMA page_count').get() as { page_count: number };
    db.exec(`PRAGMA max_page_count = ${page_count}`);
    const big = () => [1, 2, 3, 4].map((i) => incoming(noisy(i * 1000, 900), { station: `station-${i}` }));
    await expect(stores.readings.append([incoming(readings(4, 5)), ...big()])).rejects.toMatchObject({
      code: 'store-full',
      retry: true,
    });
    expect(stores.readings.settled('katulampa', streamA).settled).toEqual([[1, 3]]);
    expect((await stores.readings.readings({ ...wholeDay, limit: 99 })).readings).toHaveLength(3);
    expect((await stores.judging.dirty(9)).map(({ station }) => station)).toEqual(['katulampa']);
    db.exec('PRAGMA max_page_count = 1000000');
    const verdicts = await stores.readings.append([incoming(readings(4, 5)), ...big()]);
    expect(verdicts.map(({ stored }) => stored)).toEqual([
      [[4, 5]],
      ...[1, 2, 3, 4].map((i) => [[i * 1000, i * 1000 + 899]]),
    ]);
  });

  /** Readings that hardly compress. */
  function noisy(first: number, count: number) {
    return readings(first, first + count - 1).map((each) => ({
      ...each,
      distanceMm: (each.seq * 7919) % 90_000,
      spreadMm: (each.seq * 31) % 5000,
    }));
  }
});

describe('kill -9 in the middle of appends', () => {
  test('what was resolved is there, once, in every round', { timeout: 60_000 }, async () => {
    const acknowledged = new Map<string, Set<string>>();
    let nextSeq = 1;
    for (let round = 0; round < 12; round += 1) {
      const stream = `${'abcdefghijklmno'[round]}`.repeat(16);
      const lines = await killedAfter(`sqlite:${file()}`, stream, nextSeq, 5 + round * 7);
      for (const line of lines) {
        const [station, from, to] = JSON.parse(line) as [string, number, number];
        for (let seq = from; seq <= to; seq += 1) {
          const known = acknowledged.get(station) ?? new Set<string>();
          acknowledged.set(station, known.add(`${stream}/${seq}`));
        }
        nextSeq = Math.max(nextSeq, to + 1);
      }
      const stores = open();
      for (const [station, known] of acknowledged) {
        const query = { station, fromMs: 0, toMs: noonMs + 365 * 86_400_000, limit: 1_000_000 };
        const found = (await stores.readings.readings(query)).readings.map(({ stream: its, seq }) => `${its}/${seq}`);
        expect(new Set(found).size).toBe(found.length);
        expect([...known].filter((id) => !found.includes(id))).toEqual([]);
        // What the settled sets claim is what is stored.
        const settled = stores.readings.settled(station, stream).settled;
        const count = settled.reduce((sum, [from, to]) => sum + to - from + 1, 0);
        expect(found.filter((id) => id.startsWith(stream))).toHaveLength(count);
      }
      await stores.close();
      opened.pop();
    }
    expect(acknowledged.size).toBe(5);
  });

  /** Runs the appending child until it has said `lines` lines, kills it, and gives the whole lines that it said. */
  async function killedAfter(url: string, stream: string, firstSeq: number, lines: number): Promise<string[]> {
    const script = fileURLToPath(new URL('./testing-child.ts', import.meta.url));
    const child = spawn(process.execPath, [script, url, stream, String(firstSeq)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.split('\n').length > lines) child.kill('SIGKILL');
    });
    await once(child, 'close');
    return said.split('\n').slice(0, -1);
  }
});

test('seqs of a run that was cut by midnight come back in order', async () => {
  const stores = open();
  await stores.readings.append([incoming(readings(1, 1000))]);
  const { readings: found } = await stores.readings.readings({
    ...wholeDay,
    toMs: noonMs + 5 * 86_400_000,
    limit: 2000,
  });
  expect(seqsOf(found)).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
});

test('many long reads at once take turns, so that what else there is to do waits for one part of one', async () => {
  const stores = open();
  for (let day = 0; day < 20; day += 1)
    await stores.readings.append(
      [0, 1, 2, 3, 4].map((part) => {
        const all = readings(1 + day * 5000 + part * 1000, (part + 1) * 1000 + day * 5000);
        return incoming(all.map((each, i) => ({ ...each, observedAtMs: noonMs + day * 86_400_000 + part * 1000 + i })));
      }),
    );
  let turns = 0;
  const spinning = new AbortController();
  (function spin() {
    turns += 1;
    if (!spinning.signal.aborted) setImmediate(spin);
  })();
  const span = { station: 'katulampa', fromMs: noonMs, toMs: noonMs + 30 * 86_400_000, buckets: 1 };
  await Promise.all(Array.from({ length: 4 }, () => stores.readings.range(span)));
  spinning.abort();
  expect(turns).toBeGreaterThan(4 * 18);
});
