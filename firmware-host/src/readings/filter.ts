/**
 * One value out of a burst: the median of the pings that agree on what they heard. Pure.
 *
 * The kinds of echo vote; the most votes win (ties go to what was seen, then to blanking, which is an
 * alarm). Distances that the sensor cannot measure are a kind of their own, so that a torn digit does not
 * pull the median. On a noisy line the winner must also be borne out, by as many pings as it takes to outvote what
 * the frames' own guard lets through: nothing guards a corrupted digit, and an 8-bit sum passes 1 broken frame in 256;
 * of two pings the value could be either, or lie between. A CRC passes 1 in 65,536, and never two alike.
 */
import type { FrameProof, Sample, SensorDriver } from '../sensors/driver.ts';
import type { Burst } from './burst.ts';

export type Heard =
  | { readonly kind: 'seen' | 'impossible'; readonly distanceMm: number; readonly spreadMm: number }
  /** `none`: nothing in range, or whole frames that say nothing of the water. */
  | { readonly kind: 'blanking' | 'none' | 'dead' }
  /** Bytes came, but nothing among them that can be believed. */
  | { readonly kind: 'garbled' }
  /** Not a byte came. */
  | { readonly kind: 'silent' };

export type Filtered = { readonly heard: Heard; readonly validPercent: number };

type Kind = 'seen' | 'blanking' | 'impossible' | 'none' | 'dead';
const ranking: readonly Kind[] = ['seen', 'blanking', 'none', 'impossible', 'dead'];

/** How many pings must agree on a noisy line; a burst set to fewer wants them all. */
const witnesses: Readonly<Record<FrameProof, number>> = { none: 3, sum: 3, crc: 2 };

/**
 * Pings this near to the median bear it out. Many may lie apart by a ripple; of few, two corrupted ones would be
 * enough to move the middle, so that they must agree as closely as the sensor can tell.
 */
const agreementMm = (pings: number, resolutionMm: number) => (pings < 5 ? Math.max(6, resolutionMm) : 30);

export function filterBurst(
  burst: Burst,
  sensor: Pick<SensorDriver, 'minMm' | 'maxMm' | 'proof' | 'resolutionMm'>,
  pings: number,
): Filtered {
  const kinds = burst.samples.map((sample) => kindOf(sample, sensor));
  const votes = (kind: Kind) => kinds.filter((other) => other === kind).length;
  const attempts = Math.max(pings, kinds.length + burst.badFrames);
  const validPercent = Math.round((100 * votes('seen')) / attempts);
  const heard = (): Heard => {
    if (burst.bytes === 0 && kinds.length === 0) return { kind: 'silent' };
    if (kinds.length === 0) return { kind: burst.badFrames + burst.discardedBytes > 0 ? 'garbled' : 'none' };
    const winner = ranking.reduce((best, kind) => (votes(kind) > votes(best) ? kind : best));
    const needed = Math.min(witnesses[sensor.proof], pings);
    // Every broken frame leaves bytes behind; a question without an answer is bad, and no noise.
    const noisy = burst.discardedBytes > 0;
    if (noisy && votes(winner) < needed) return { kind: 'garbled' };
    if (winner !== 'seen' && winner !== 'impossible') return { kind: winner };
    const distancesMm = burst.samples.flatMap((sample, i) =>
      sample.echo === 'seen' && kinds[i] === winner ? [sample.distanceMm] : [],
    );
    const middleMm = median(distancesMm);
    const toleranceMm = agreementMm(distancesMm.length, sensor.resolutionMm ?? 1);
    const near = distancesMm.filter((value) => Math.abs(value - middleMm) <= toleranceMm);
    if (noisy && near.length < Math.max(needed, Math.min(pings, distancesMm.length / 2))) return { kind: 'garbled' };
    // Of an even number, two corrupted ones on one side would be half of the mean in the middle.
    const distanceMm = Math.round(noisy ? median(near) : middleMm);
    const spreadMm = Math.round(median(distancesMm.map((value) => Math.abs(value - distanceMm))));
    return { kind: winner, distanceMm, spreadMm };
  };
  const outcome = heard();
  return { heard: outcome, validPercent: outcome.kind === 'garbled' ? 0 : validPercent };
}

function kindOf(sample: Sample, { minMm, maxMm }: Pick<SensorDriver, 'minMm' | 'maxMm'>): Kind {
  if (sample.echo !== 'seen') return sample.echo;
  return sample.distanceMm < minMm || sample.distanceMm > maxMm ? 'impossible' : 'seen';
}

/** The middle value, or the mean of the middle two; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[(sorted.length >> 1) - 1] ?? Number.NaN)) / 2;
}
