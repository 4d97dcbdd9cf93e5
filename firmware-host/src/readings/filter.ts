/**
 * One value out of a burst: the median of the pings that agree on what they heard. Pure.
 *
 * The kinds of echo vote; the most votes win (ties go to what was seen, then to blanking, which is an
 * alarm). Distances that the sensor cannot measure are a kind of their own, so that a torn digit does not
 * pull the median. On a noisy line the winner must also be borne out: a sensor without a checksum passes a
 * corrupted digit now and then, and two pings, or one, cannot outvote it.
 */
import type { Sample, SensorDriver } from '../sensors/driver.ts';
import type { Burst } from './burst.ts';

export type Heard =
  | { readonly kind: 'seen' | 'impossible'; readonly distanceMm: number; readonly spreadMm: number }
  | { readonly kind: 'blanking' | 'none' | 'dead' }
  /** Bytes came, but nothing among them that can be believed. */
  | { readonly kind: 'garbled' }
  /** Not a byte came. */
  | { readonly kind: 'silent' };

export type Filtered = { readonly heard: Heard; readonly validPercent: number };

type Kind = 'seen' | 'blanking' | 'impossible' | 'none' | 'dead';
const ranking: readonly Kind[] = ['seen', 'blanking', 'none', 'impossible', 'dead'];

/**
 * Pings this near to the median bear it out. Three may lie apart by a ripple, for the one between is right;
 * two must agree within the sensor's own noise, for their mean is the value.
 */
const agreementMm = (pings: number) => (pings < 3 ? 10 : 30);

export function filterBurst(burst: Burst, limits: Pick<SensorDriver, 'minMm' | 'maxMm'>, pings: number): Filtered {
  const kinds = burst.samples.map((sample) => kindOf(sample, limits));
  const votes = (kind: Kind) => kinds.filter((other) => other === kind).length;
  const attempts = Math.max(pings, kinds.length + burst.badFrames);
  const validPercent = Math.round((100 * votes('seen')) / attempts);
  const heard = (): Heard => {
    if (kinds.length === 0) return { kind: burst.bytes > 0 ? 'garbled' : 'silent' };
    const winner = ranking.reduce((best, kind) => (votes(kind) > votes(best) ? kind : best));
    const noisy = burst.badFrames > 0 || burst.discardedBytes > 0;
    if (noisy && votes(winner) < Math.min(2, pings)) return { kind: 'garbled' };
    if (winner !== 'seen' && winner !== 'impossible') return { kind: winner };
    const distancesMm = burst.samples.flatMap((sample, i) =>
      sample.echo === 'seen' && kinds[i] === winner ? [sample.distanceMm] : [],
    );
    const distanceMm = Math.round(median(distancesMm));
    const near = distancesMm.filter((value) => Math.abs(value - distanceMm) <= agreementMm(distancesMm.length)).length;
    if (noisy && near < Math.min(pings, Math.max(2, distancesMm.length / 2))) return { kind: 'garbled' };
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
