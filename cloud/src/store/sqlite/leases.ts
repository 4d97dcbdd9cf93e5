import { platformError } from '../../errors.ts';
import type { Database } from './database.ts';

/** Who may write for a shard: each taking outranks the ones before. */
export function createLeases({ db }: Database) {
  const take = db.prepare(
    'INSERT INTO lease VALUES (?, 1) ON CONFLICT DO UPDATE SET fence = fence + 1 RETURNING fence',
  );
  const held = db.prepare('SELECT fence FROM lease WHERE shard = ?');

  return {
    /** Within the caller's transaction, or one of its own. */
    take: (shard: string): number => (take.get(shard) as { fence: number }).fence,
    /** Throws `lease-lost` when another has taken the lease since. */
    prove(shard: string, fence: number): void {
      if ((held.get(shard) as { fence: number } | undefined)?.fence !== fence)
        throw platformError('lease-lost', `Another process has taken the lease of shard ${shard}.`);
    },
  };
}
export type Leases = ReturnType<typeof createLeases>;
