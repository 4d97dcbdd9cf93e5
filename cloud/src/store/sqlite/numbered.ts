import type { Change } from '@siaga/protocol';
import type { ChangeDraft } from '../../ports.ts';
import type { Database } from './database.ts';

/** Gives changes their numbers, within the caller's transaction, and tells the watchers after it. */
export function createNumbered({ db }: Database) {
  const add = db.prepare('INSERT INTO change (seq, known_at_ms, id, body, kind) VALUES (?, ?, ?, ?, ?)');
  const head = db.prepare('SELECT seq FROM stream_head');
  const raiseHead = db.prepare('UPDATE stream_head SET seq = seq + ? RETURNING seq');
  const watchers = new Set<(changes: readonly Change[]) => void>();

  return {
    head: () => (head.get() as { seq: number }).seq,
    /** The last statements of a transaction: writes after the present head, then raises it. */
    write(drafts: readonly ChangeDraft[], knownAtMs: number): Change[] {
      if (drafts.length === 0) return [];
      const before = (head.get() as { seq: number }).seq;
      const knownAt = new Date(knownAtMs).toISOString();
      const changes = drafts.map((draft, i) => ({ seq: before + i + 1, knownAt, ...draft }) as Change);
      for (const { seq, knownAt: _, kind, ...body } of changes)
        add.run(seq, knownAtMs, 'id' in body ? body.id : '', JSON.stringify(body), kind);
      raiseHead.get(drafts.length);
      return changes;
    },
    /** To be called right after the commit. */
    tell(changes: readonly Change[]): void {
      if (changes.length > 0) for (const watcher of watchers) watcher(changes);
    },
    watch(onChanges: (changes: readonly Change[]) => void): () => void {
      watchers.add(onChanges);
      return () => void watchers.delete(onChanges);
    },
  };
}
export type Numbered = ReturnType<typeof createNumbered>;
