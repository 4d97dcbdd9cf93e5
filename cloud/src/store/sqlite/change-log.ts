import type { Change } from '@siaga/protocol';
import type { ChangeLog } from '../../ports.ts';
import type { Database } from './database.ts';
import type { Numbered } from './numbered.ts';

/** The numbered changes over one SQLite database. All of them are kept. */
export function createChangeLog({ db, epoch }: Database, numbered: Numbered): ChangeLog {
  const since = db.prepare('SELECT seq, known_at_ms, kind, body FROM change WHERE seq > ? ORDER BY seq LIMIT ?');
  type Row = { seq: number; known_at_ms: number; kind: string; body: string };

  return {
    epoch,
    head: numbered.head,
    watch: numbered.watch,
    async since(seq, limit) {
      if (seq > numbered.head()) return null;
      return (since.all(seq, limit) as Row[]).map(
        (row) =>
          ({
            seq: row.seq,
            knownAt: new Date(row.known_at_ms).toISOString(),
            kind: row.kind,
            ...(JSON.parse(row.body) as object),
          }) as Change,
      );
    },
  };
}
