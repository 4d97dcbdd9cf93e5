import type { StagePoint } from './trend.ts';

/** Water this near below the blanking distance may have come up by waves alone. */
const nearMm = 150;
/** How much faster than before the water may have risen since the last measured stage. */
const haste = 3;

/**
 * Whether water that stood where `approach` says (measured stages, oldest first) can have risen to `blanking`:
 * it was near already, or was rising fast enough to be there by now, allowing three times its pace. What is
 * higher came by a jump, and is more likely something in the sensor's way. Without a measured stage before
 * it nothing speaks for a rise.
 */
export function riseReaches(approach: readonly StagePoint[], blanking: StagePoint): boolean {
  const first = approach[0];
  const last = approach.at(-1);
  if (first === undefined || last === undefined) return false;
  const leftMm = blanking.stageMm - last.stageMm;
  if (leftMm <= nearMm) return true;
  if (last.atMs <= first.atMs) return false;
  const paceMmPerMs = (last.stageMm - first.stageMm) / (last.atMs - first.atMs);
  return leftMm <= haste * paceMmPerMs * (blanking.atMs - last.atMs);
}
