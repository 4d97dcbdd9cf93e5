import type { SeqRanges } from '@siaga/protocol';
import { atRevision, holds, type Settlement } from '../ledger.ts';
import type { Database } from './database.ts';
import { recentlyUsed } from './recently-used.ts';

/** About 50 MB. */
const maxRangesInMemory = 500_000;

/**
 * Settlements by stream number and revision. `stage` holds a new one until `save` has written it within
 * the transaction and `keep` or `drop` ended it; reads see what is staged.
 */
export function createSettlements({ db }: Database) {
  const kept = recentlyUsed<number, Map<number, Settlement>>(maxRangesInMemory, (revs) =>
    [...revs.values()].reduce((sum, { settled, unstored }) => sum + settled.length + unstored.length, 1),
  );
  const staged = new Map<number, Map<number, Settlement>>();
  const load = db.prepare('SELECT rev, settled, unstored FROM settled WHERE stream_no = ?');
  const save = db.prepare(
    'INSERT INTO settled VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET settled = excluded.settled, unstored = excluded.unstored',
  );

  function ofStream(streamNo: number): Map<number, Settlement> {
    const known = kept.get(streamNo);
    if (known !== undefined) return known;
    const rows = load.all(streamNo) as { rev: number; settled: string; unstored: string }[];
    const loaded = new Map(
      rows.map(({ rev, settled, unstored }) => [
        rev,
        { settled: JSON.parse(settled) as SeqRanges, unstored: JSON.parse(unstored) as SeqRanges },
      ]),
    );
    kept.set(streamNo, loaded);
    return loaded;
  }

  return {
    /** Undefined where the stream has so many revisions that there may be no other. */
    of(streamNo: number, rev: number): Settlement | undefined {
      const waiting = staged.get(streamNo);
      const saved = ofStream(streamNo);
      return waiting?.get(rev) ?? atRevision(waiting === undefined ? saved : new Map([...saved, ...waiting]), rev);
    },
    /** Whether a stored correction outranks revision `rev` of a reading. */
    isSuperseded(streamNo: number, rev: number, seq: number): boolean {
      for (const revs of [ofStream(streamNo), staged.get(streamNo)])
        if (revs !== undefined)
          for (const [other, settlement] of revs) if (other > rev && holds(settlement, seq)) return true;
      return false;
    },
    /** The lower revisions at which a reading is stored. */
    revisionsBelow(streamNo: number, rev: number, seq: number): number[] {
      const older = new Set<number>();
      for (const revs of [ofStream(streamNo), staged.get(streamNo)])
        if (revs !== undefined)
          for (const [other, settlement] of revs) if (other < rev && holds(settlement, seq)) older.add(other);
      return [...older];
    },
    stage(streamNo: number, rev: number, settlement: Settlement): void {
      const revs = staged.get(streamNo);
      if (revs === undefined) staged.set(streamNo, new Map([[rev, settlement]]));
      else revs.set(rev, settlement);
    },
    save(): void {
      for (const [streamNo, revs] of staged)
        for (const [rev, { settled, unstored }] of revs)
          save.run(streamNo, rev, JSON.stringify(settled), JSON.stringify(unstored));
    },
    keep(): void {
      for (const [streamNo, revs] of staged) {
        const known = ofStream(streamNo);
        for (const [rev, settlement] of revs) known.set(rev, settlement);
        kept.set(streamNo, known);
      }
      staged.clear();
    },
    /** Forgets what was staged, and the streams whose numbers a rollback took back. */
    drop(): void {
      staged.clear();
      kept.clear();
    },
  };
}
export type Settlements = ReturnType<typeof createSettlements>;
