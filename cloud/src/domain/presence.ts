import type { Presence } from '@siaga/protocol';

/** After how many reporting intervals without a weighing reading a station is late, and stale. */
const lateIntervals = 2;
export const staleIntervals = 4;

/** How far ahead of the server's clock a reading may say it was observed (Timestream's own limit). */
export const maxAheadMs = 15 * 60_000;

/** Age in ms beyond which a station is stale: 4 reporting intervals, under the station's own cap. */
export function staleAfterMs(intervalS: number, staleCapS: number): number {
  return Math.min(staleIntervals * intervalS, staleCapS) * 1000;
}

/**
 * How present a station is at `nowMs`, counted from its newest weighing reading. `never` until a reading
 * came; a station that only ever sent readings that weigh nothing is stale. So is one whose newest reading lies
 * further ahead than was let in: the server's clock stepped back, and no age can be told by it.
 */
export function presenceOf(
  seen: {
    readonly observedAtMs: number | null;
    readonly weighedAtMs: number | null;
    readonly intervalS: number | null;
  },
  staleCapS: number,
  nowMs: number,
): Presence {
  if (seen.observedAtMs === null || seen.intervalS === null) return 'never';
  if (seen.weighedAtMs === null) return 'stale';
  const ageMs = nowMs - seen.weighedAtMs;
  if (ageMs > staleAfterMs(seen.intervalS, staleCapS) || ageMs < -maxAheadMs) return 'stale';
  return ageMs > lateIntervals * seen.intervalS * 1000 ? 'late' : 'live';
}
