import { chainStart, erasedAct, sealed } from '../../audit-chain.ts';
import type { AuditDraft, AuditLine, AuditLog } from '../../ports.ts';
import type { Database } from './database.ts';

type Row = Omit<AuditLine, 'atMs'> & { at_ms: number };

const lineOf = ({ at_ms, ...row }: Row): AuditLine => ({ ...row, atMs: at_ms });

/** Adds lines to the chain within the caller's transaction. */
export type AuditWriter = { write(drafts: readonly AuditDraft[], nowMs: number): void };

/** The audit over one SQLite database; the table itself refuses changes and removals. */
export function createAuditLog(database: Database): AuditLog & AuditWriter {
  const { db } = database;
  const columns = 'no, at_ms, actor, act, subject, digest, previous, hash, details';
  const add = db.prepare(`INSERT INTO audit (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const newest = db.prepare('SELECT no, hash FROM audit ORDER BY no DESC LIMIT 1');
  const after = db.prepare(`SELECT ${columns} FROM audit WHERE no > ? ORDER BY no LIMIT ?`);
  const blank = db.prepare('UPDATE audit SET details = NULL WHERE no = ?');

  const head = () => (newest.get() as { no: number; hash: string } | undefined) ?? { no: 0, hash: chainStart };

  function write(drafts: readonly AuditDraft[], nowMs: number): void {
    let last = drafts.length > 0 ? head() : undefined;
    for (const draft of drafts) {
      const line = sealed(draft, { no: (last?.no ?? 0) + 1, atMs: nowMs, previous: last?.hash ?? chainStart });
      const { no, atMs, actor, act, subject, digest, previous, hash, details } = line;
      add.run(no, atMs, actor, act, subject, digest, previous, hash, details);
      last = line;
    }
  }

  return {
    write,
    head: async () => head(),
    since: async (no, limit) => (after.all(no, limit) as Row[]).map(lineOf),
    async list({ before, limit, actor, subject }) {
      const clauses = ['1'];
      const values: (string | number)[] = [];
      for (const [clause, value] of [
        ['no < ?', before],
        ['actor = ?', actor],
        ['subject = ?', subject],
      ] as const)
        if (value !== undefined) {
          clauses.push(clause);
          values.push(value);
        }
      const rows = db
        .prepare(`SELECT ${columns} FROM audit WHERE ${clauses.join(' AND ')} ORDER BY no DESC LIMIT ?`)
        .all(...values, limit) as Row[];
      return rows.map(lineOf);
    },
    async erase(nos, { actor, reason, nowMs }) {
      database.transaction(() => {
        for (const no of nos) blank.run(no);
        write([{ actor, act: erasedAct, subject: nos.join(','), reason }], nowMs);
      });
    },
  };
}
