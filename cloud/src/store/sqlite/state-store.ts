import { platformError } from '../../errors.ts';
import type { JournalLine, JournalQuery, Kept, RecordKind, RecordQuery, StateStore, StateWork } from '../../ports.ts';
import type { AuditWriter } from './audit-log.ts';
import type { Database } from './database.ts';
import { createLeases } from './leases.ts';
import type { Numbered } from './numbered.ts';

type RecordRow = { id: string; version: number; body: string };
type JournalRow = { no: number; at_ms: number; subject: string; body: string };

const kept = <T>({ id, version, body }: RecordRow): Kept<T> => ({ id, version, body: JSON.parse(body) as T });

/** The relational state over one SQLite database: see `StateStore`. */
export function createStateStore(database: Database, numbered: Numbered, audit: AuditWriter): StateStore {
  const { db } = database;
  const leases = createLeases(database);
  const find = db.prepare('SELECT id, version, body FROM record WHERE kind = ? AND id = ?');
  const save = db.prepare(
    `INSERT INTO record VALUES (?, ?, 1, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET version = version + 1,
       subject = excluded.subject, at_ms = excluded.at_ms, closed = excluded.closed, body = excluded.body`,
  );
  const remove = db.prepare('DELETE FROM record WHERE kind = ? AND id = ?');
  const append = db.prepare('INSERT INTO journal (kind, subject, at_ms, body) VALUES (?, ?, ?, ?)');

  function write({ nowMs, puts = [], removes = [], journal = [], audit: acts = [], lease }: StateWork): number[] {
    if (lease !== undefined) leases.prove(lease.shard, lease.fence);
    for (const { kind, id, body, subject = null, atMs = null, closed = false, expect } of puts) {
      const before = (find.get(kind.kind, id) as RecordRow | undefined)?.version ?? 0;
      if (expect !== undefined && expect !== before)
        throw platformError('state-conflict', `${kind.kind} ${id} was changed by someone else meanwhile.`);
      save.run(kind.kind, id, subject, atMs, closed ? 1 : 0, JSON.stringify(body));
    }
    for (const { kind, id } of removes) remove.run(kind.kind, id);
    const lines = journal.map(({ kind, subject, body }) =>
      Number(append.run(kind.kind, subject, nowMs, JSON.stringify(body)).lastInsertRowid),
    );
    audit.write(acts, nowMs);
    return lines;
  }

  return {
    async record<T>(kind: RecordKind<T>, id: string) {
      const row = find.get(kind.kind, id) as RecordRow | undefined;
      return row === undefined ? undefined : kept<T>(row);
    },
    async records<T>(kind: RecordKind<T>, query: RecordQuery = {}) {
      const { open = false, subject, fromMs, toMs, limit = -1 } = query;
      const clauses = ['kind = ?'];
      const values: (string | number)[] = [kind.kind];
      if (open) clauses.push('closed = 0');
      for (const [clause, value] of [
        ['subject = ?', subject],
        ['at_ms >= ?', fromMs],
        ['at_ms < ?', toMs],
      ] as const)
        if (value !== undefined) {
          clauses.push(clause);
          values.push(value);
        }
      const rows = db
        .prepare(`SELECT id, version, body FROM record WHERE ${clauses.join(' AND ')} ORDER BY at_ms DESC, id LIMIT ?`)
        .all(...values, limit) as RecordRow[];
      return rows.map(kept<T>);
    },
    async journal<T>(kind: RecordKind<T>, query: JournalQuery = {}) {
      const { subject, before, fromMs, toMs, limit = 1000 } = query;
      const clauses = ['kind = ?'];
      const values: (string | number)[] = [kind.kind];
      for (const [clause, value] of [
        ['subject = ?', subject],
        ['no < ?', before],
        ['at_ms >= ?', fromMs],
        ['at_ms < ?', toMs],
      ] as const)
        if (value !== undefined) {
          clauses.push(clause);
          values.push(value);
        }
      const rows = db
        .prepare(`SELECT no, at_ms, subject, body FROM journal WHERE ${clauses.join(' AND ')} ORDER BY no DESC LIMIT ?`)
        .all(...values, limit) as JournalRow[];
      return rows.map(
        ({ no, at_ms, subject: of, body }): JournalLine<T> => ({
          no,
          atMs: at_ms,
          subject: of,
          body: JSON.parse(body) as T,
        }),
      );
    },
    async commit(work) {
      const done = database.transaction(() => ({
        lines: write(work),
        changes: numbered.write(work.changes ?? [], work.nowMs),
      }));
      numbered.tell(done.changes);
      return done;
    },
  };
}
