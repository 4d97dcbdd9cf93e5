import { statfs } from 'node:fs/promises';
import type { PlatformFacts } from '../alarms/rule.ts';

export type DiskFacts = Pick<PlatformFacts, 'diskFreeBytes' | 'diskFreePercent'>;

/** The disk is asked at most so often, in real ms. */
const everyMs = 10_000;
const unknown: DiskFacts = { diskFreeBytes: null, diskFreePercent: null };

/** The room on the disk of a folder, some seconds old at most. Null before the first answer and where it cannot be told. */
export function watchDisk(folder: string): () => DiskFacts {
  let facts = unknown;
  let askedAtMs = Number.NEGATIVE_INFINITY;

  async function ask(): Promise<void> {
    try {
      const { bavail, blocks, bsize } = await statfs(folder);
      facts = { diskFreeBytes: bavail * bsize, diskFreePercent: blocks === 0 ? null : (100 * bavail) / blocks };
    } catch {
      // Where it cannot be told nothing is claimed; that the folder cannot be written the store says.
      facts = unknown;
    }
  }

  return () => {
    if (performance.now() - askedAtMs > everyMs) {
      askedAtMs = performance.now();
      void ask();
    }
    return facts;
  };
}
