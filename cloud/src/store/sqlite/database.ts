import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { platformError } from '../../errors.ts';
import { migrations } from './migrations.ts';

/** An open store's database. Everything in it is synchronous: a transaction is one turn of the event loop. */
export type Database = {
  readonly db: DatabaseSync;
  readonly storeId: string;
  readonly epoch: string;
  readonly generation: number;
  /** Runs `work` in one durable transaction. Nothing of it stays when it throws; faults become platform errors. */
  transaction<T>(work: () => T): T;
  close(): void;
};

/** SQLite's result codes (sqlite.org/rescode.html), the low byte of an extended one. */
const busy = 5;
const locked = 6;
const full = 13;

/** What is deleted is overwritten where its page is written anyhow: of a deleted person nothing is to stay in the file. */
const forgetting = 'PRAGMA secure_delete = FAST';

/** Real ms to wait for another process's lock, e.g. a backup. */
const lockTimeoutMs = 2000;

/**
 * Opens or makes the database at `path` and brings it up to date. WAL with synchronous FULL: a commit has
 * reached the disk when it returns. Throws `store-unusable`, naming the path.
 */
export function openDatabase(path: string): Database {
  try {
    const db = new DatabaseSync(path, { timeout: lockTimeoutMs });
    db.exec('PRAGMA journal_mode = WAL');
    // The default under WAL may be NORMAL, which loses the last commits when the power fails.
    db.exec('PRAGMA synchronous = FULL');
    db.exec('PRAGMA journal_size_limit = 67108864');
    db.exec(forgetting);
    migrate(db);
    const identity = db
      .prepare(
        `INSERT INTO store VALUES (1, ?, ?, 1, 0)
         ON CONFLICT DO UPDATE SET generation = generation + 1 RETURNING store_id, epoch, generation`,
      )
      .get(mintId(), mintId()) as { store_id: string; epoch: string; generation: number };
    return {
      db,
      storeId: identity.store_id,
      epoch: identity.epoch,
      generation: identity.generation,
      transaction: (work) => transaction(db, work),
      close() {
        if (db.isOpen) db.close();
      },
    };
  } catch (error) {
    throw platformError('store-unusable', `The store ${path} cannot be opened: ${(error as Error).message}.`, error);
  }
}

/**
 * Opens the database at `path` beside the process that owns it, which goes on: nothing is taken over and nothing brought
 * up to date. Throws `store-unusable` where there is none, or one of another version.
 */
export function openBeside(path: string, { readOnly }: { readonly readOnly: boolean }): Database {
  if (!existsSync(path)) throw platformError('store-unusable', `There is no store ${path}: run \`siaga serve\` once.`);
  try {
    const db = new DatabaseSync(path, { timeout: lockTimeoutMs, readOnly });
    if (!readOnly) db.exec(`PRAGMA synchronous = FULL; ${forgetting}`);
    const newest = migrations.at(-1)?.number ?? 0;
    const { done } = db.prepare('SELECT coalesce(max(number), 0) AS done FROM migrations').get() as { done: number };
    if (done !== newest)
      throw new Error(`it has version ${done} and this is a Siaga of version ${newest}: serve it with this one first`);
    const row = db.prepare('SELECT store_id AS storeId, epoch, generation FROM store').get();
    const identity = row as Pick<Database, 'storeId' | 'epoch' | 'generation'>;
    return { ...identity, db, transaction: (work) => transaction(db, work), close: () => db.isOpen && db.close() };
  } catch (error) {
    throw platformError('store-unusable', `The store ${path} cannot be opened: ${(error as Error).message}.`, error);
  }
}

/**
 * Gives the database at `path` another identity: after a backup was put back, devices must send again what it lacks,
 * and consoles forget what it never said. Throws `store-unusable` where there is none.
 */
export function renewIdentity(path: string): void {
  if (!existsSync(path))
    throw platformError('store-unusable', `There is no store ${path}: put the backup there first.`);
  const { db, transaction, close } = openDatabase(path);
  try {
    transaction(() => db.prepare('UPDATE store SET store_id = ?, epoch = ?').run(mintId(), mintId()));
  } finally {
    close();
  }
}

/** 80 random bits in letters and digits. */
function mintId(): string {
  return randomBytes(10).toString('hex');
}

function migrate(db: DatabaseSync): void {
  db.exec(
    'CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at_ms INTEGER NOT NULL) STRICT',
  );
  const { done } = db.prepare('SELECT coalesce(max(number), 0) AS done FROM migrations').get() as { done: number };
  const newest = migrations.at(-1)?.number ?? 0;
  if (done > newest)
    throw new Error(`it was written by a newer version (migration ${done}; this one knows ${newest}): update Siaga`);
  for (const { number, name, sql } of migrations.filter((migration) => migration.number > done))
    transaction(db, () => {
      db.exec(sql);
      db.prepare('INSERT INTO migrations VALUES (?, ?, ?)').run(number, name, Date.now());
    });
}

function transaction<T>(db: DatabaseSync, work: () => T): T {
  try {
    db.exec('BEGIN IMMEDIATE');
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    // A full disk may have rolled back already.
    if (db.isOpen && db.isTransaction) db.exec('ROLLBACK');
    throw faultOf(error);
  }
}

function faultOf(error: unknown): unknown {
  const code = (error as { errcode?: unknown }).errcode;
  if (typeof code !== 'number') return error;
  const { message } = error as Error;
  const result = code & 0xff;
  if (result === full) return platformError('store-full', `The store has no room: ${message}.`, error);
  if (result === busy || result === locked)
    return platformError('store-busy', `The store is held by another process: ${message}.`, error);
  return platformError('store-failed', `The store failed: ${message}.`, error);
}
