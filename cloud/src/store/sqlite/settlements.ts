import type { SeqRanges } from '@siaga/protocol';
import { holds, type Settlement, unsettled } from '../ledger.ts';
import type { Database } from './database.ts';

/**
 * Settlements by stream number and revision. `stage` holds a new one until `save` has written it within
 * the transaction and `keep` or `drop` ended it; reads see what is staged.
 */
export function createSettlements({ db }: Database) {
  const kept = new Map<number, Map<number, Settlement>>();
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
    of(streamNo: number, rev: number): Settlement {
      return staged.get(streamNo)?.get(rev) ?? ofStream(streamNo).get(rev) ?? unsettled;
    },
    /** Whether a stored correction outranks revision `rev` of a reading. */
    isSuperseded(streamNo: number, rev: number, seq: number): boolean {
      for (const revs of [ofStream(streamNo), staged.get(streamNo)])
        if (revs !== undefined)
          for (const [other, settlement] of revs) if (other > rev && holds(settlement, seq)) return true;
      return false;
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
