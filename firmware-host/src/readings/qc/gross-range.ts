import type { Heard } from '../filter.ts';
import type { Finding } from './finding.ts';

/** Distances, in mm from the sensor's face. */
export type Span = { readonly minMm: number; readonly maxMm: number };

/**
 * Gross range (QARTOD test 4): beyond what the sensor can measure fails; beyond what is expected at this place
 * (`userSpan`) is suspect. Blanking is of high interest, not an error: water that near reads the blanking
 * distance, which is an upper limit.
 */
export function grossRange({ kind }: Pick<Heard, 'kind'>, distanceMm: number | null, userSpan?: Span): Finding | null {
  if (kind === 'impossible') return { flag: 4, test: 'gross-range' };
  const beyond =
    kind === 'seen' &&
    userSpan !== undefined &&
    distanceMm !== null &&
    (distanceMm < userSpan.minMm || distanceMm > userSpan.maxMm);
  return kind === 'blanking' || beyond ? { flag: 3, test: 'gross-range' } : null;
}
