import type { Trend } from '@siaga/protocol';

/** Stage at an instant. */
export type StagePoint = { readonly atMs: number; readonly stageMm: number };

export type Slope = { readonly trend: Trend; readonly rateMmPer10Min: number };

/** How far back a trend looks. */
export const trendSpanMs = 30 * 60_000;

/** Fewer points, or a shorter span, say nothing of a trend. */
const minPoints = 3;
const minSpanMs = 4 * 60_000;
/** Below this a slope is ripple: ultrasonic gauges read to a millimetre and waves move them by a centimetre. */
const steadyMmPer10Min = 10;
/** Theil–Sen compares every pair: no more points than this are taken. */
const maxPoints = 60;
const tenMinutesMs = 10 * 60_000;

/**
 * Trend of the stages in the 30 min up to the last point, by the median of the slopes between all pairs of
 * points (Theil 1950, Sen 1968), which up to 29 % of wild points cannot move. Points in order of time. Null
 * where there is too little to say.
 */
export function trendOf(points: readonly StagePoint[]): Slope | null {
  const newest = points.at(-1);
  if (newest === undefined) return null;
  const window = thinned(points.filter(({ atMs }) => atMs > newest.atMs - trendSpanMs - 1));
  const first = window[0] as StagePoint;
  if (window.length < minPoints || newest.atMs - first.atMs < minSpanMs) return null;
  const rateMmPer10Min = Math.round(medianSlope(window) * tenMinutesMs) || 0;
  const steady = Math.abs(rateMmPer10Min) < steadyMmPer10Min;
  return { trend: steady ? 'steady' : rateMmPer10Min > 0 ? 'rising' : 'falling', rateMmPer10Min };
}

/** At most `maxPoints` points, evenly picked, the newest always among them. */
function thinned(points: readonly StagePoint[]): readonly StagePoint[] {
  const stride = Math.ceil(points.length / maxPoints);
  if (stride <= 1) return points;
  return points.filter((_, i) => (points.length - 1 - i) % stride === 0);
}

/** Median slope in mm per ms between all pairs of points; 0 when there are none. */
function medianSlope(points: readonly StagePoint[]): number {
  const slopes = new Float64Array((points.length * (points.length - 1)) / 2);
  let count = 0;
  for (let i = 0; i < points.length; i += 1) {
    const a = points[i] as StagePoint;
    for (let j = i + 1; j < points.length; j += 1) {
      const b = points[j] as StagePoint;
      if (b.atMs > a.atMs) slopes[count++] = (b.stageMm - a.stageMm) / (b.atMs - a.atMs);
    }
  }
  const sorted = slopes.subarray(0, count).sort();
  const middle = count >> 1;
  const upper = sorted[middle] ?? 0;
  return count % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}
