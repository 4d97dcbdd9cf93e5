import { platformError } from '../../errors.ts';
import type { Stores } from '../stores.ts';
import { createAuditLog } from './audit-log.ts';
import { createChangeLog } from './change-log.ts';
import { type Database, openBeside, openDatabase, renewIdentity } from './database.ts';
import { createFleetStore } from './fleet-store.ts';
import { createHistoryStore } from './history-store.ts';
import { createJudgingStore } from './judging-store.ts';
import { createNumbered } from './numbered.ts';
import { createParts } from './parts.ts';
import { createQuarantine } from './quarantine.ts';
import { createReadingStore } from './reading-store.ts';
import { createStateStore } from './state-store.ts';

const scheme = 'sqlite:';

/** Opens all stores over one SQLite database, making it when it is new. Throws `store-unusable`. */
export function openSqlite(url: string): Stores {
  return storesOver(openDatabase(pathOf(url)));
}

/**
 * The relational state and the audit of a store that another process may be running on: for the command line. Rooms that
 * keep their records in memory do not see what is written here.
 */
export function openSqliteBeside(url: string, options: { readonly readOnly: boolean }) {
  const database = openBeside(pathOf(url), options);
  const audit = createAuditLog(database);
  const state = createStateStore(database, createNumbered(database), audit);
  return { state, audit, close: () => database.close() };
}

/** The readings of a store that another process may be running on, to read only. */
export function openSqliteReadings(url: string) {
  const database = openBeside(pathOf(url), { readOnly: true });
  return { readings: storesOver(database).readings, close: () => database.close() };
}

/** Tells a store whose backup was put back from the one that it was taken of: see `renewIdentity`. */
export function renewSqlite(url: string): void {
  renewIdentity(pathOf(url));
}

function pathOf(url: string): string {
  if (!url.startsWith(scheme) || url === scheme)
    throw platformError('store-unusable', `The store ${url} is not an address of the form sqlite:FILE.`);
  return url.slice(scheme.length);
}

/** All stores over one open database. */
export function storesOver(database: Database): Stores {
  const parts = createParts(database);
  const numbered = createNumbered(database);
  const audit = createAuditLog(database);
  return {
    readings: createReadingStore(parts),
    judging: createJudgingStore(parts, numbered),
    history: createHistoryStore(parts, numbered),
    changes: createChangeLog(database, numbered),
    state: createStateStore(database, numbered, audit),
    audit,
    quarantine: createQuarantine(database),
    fleet: createFleetStore(database),
    close: async () => database.close(),
  };
}
