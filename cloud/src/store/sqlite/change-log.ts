import type { Change, StationLevel } from '@siaga/protocol';
import type { ChangeLog } from '../../ports.ts';
import type { Database } from './database.ts';

/** The numbered changes over one SQLite database. All of them are kept. */
export function createChangeLog({ db, epoch }: Database): ChangeLog {
  const head = db.prepare('SELECT seq FROM stream_head');
  const since = db.prepare('SELECT seq, known_at_ms, station, level FROM change WHERE seq > ? ORDER BY seq LIMIT ?');
  type Row = { seq: number; known_at_ms: number; station: string; level: string };
  const headSeq = () => (head.get() as { seq: number }).seq;

  return {
    epoch,
    head: headSeq,
    async since(seq, limit) {
      if (seq > headSeq()) return null;
      return (since.all(seq, limit) as Row[]).map(
        (row): Change => ({
          seq: row.seq,
          knownAt: new Date(row.known_at_ms).toISOString(),
          kind: 'station',
          id: row.station,
          level: JSON.parse(row.level) as StationLevel,
        }),
      );
    },
  };
}
