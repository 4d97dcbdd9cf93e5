/** What the alarm rules are shown of the box itself. */
import { statfs } from 'node:fs/promises';
import type { PlatformFacts } from '../alarms/rule.ts';

/** The disk is asked at most so often, in real ms. */
const diskEveryMs = 10_000;

export type PlatformLooks = {
  readonly startedAtMs: number;
  readonly dataDir: string;
  readonly watermarkMs: () => number | null;
  readonly judgingLagS: () => number | null;
  readonly troubles: () => readonly string[];
  readonly channels: () => PlatformFacts['channels'];
  readonly heartbeatFault: () => string | null;
};

/** The facts as they are at each call; the disk's are some seconds old at most, and null before the first answer. */
export function createPlatformFacts(looks: PlatformLooks): () => PlatformFacts {
  let disk: Pick<PlatformFacts, 'diskFreeBytes' | 'diskFreePercent'> = { diskFreeBytes: null, diskFreePercent: null };
  let askedAtMs = Number.NEGATIVE_INFINITY;

  async function askDisk(): Promise<void> {
    try {
      const { bavail, blocks, bsize } = await statfs(looks.dataDir);
      disk = { diskFreeBytes: bavail * bsize, diskFreePercent: blocks === 0 ? null : (100 * bavail) / blocks };
    } catch {
      // Where it cannot be told nothing is claimed; an unwritable folder is told by the store.
      disk = { diskFreeBytes: null, diskFreePercent: null };
    }
  }

  return () => {
    if (performance.now() - askedAtMs > diskEveryMs) {
      askedAtMs = performance.now();
      void askDisk();
    }
    return {
      startedAtMs: looks.startedAtMs,
      ...disk,
      watermarkMs: looks.watermarkMs(),
      judgingLagS: looks.judgingLagS(),
      troubles: looks.troubles(),
      channels: looks.channels(),
      heartbeatFault: looks.heartbeatFault(),
    };
  };
}
