import type { Finding } from './finding.ts';

/** A distance at a time, by the clock that stamps readings. */
export type Point = { readonly atMs: number; readonly distanceMm: number };

export type RateRules = {
  /** Moves up to this are never too fast: waves, a boat's wash, the sensor's scatter. */
  readonly spikeMm: number;
  /** The fastest that the water moves at this station. */
  readonly rateMmPerH: number;
};

const hourMs = 3_600_000;

/**
 * Whether the water cannot have moved from one to the other: by more than `spikeMm`, and faster than the station's
 * rate. A clock that was set back lends no time.
 */
export function tooFast(from: Point, to: Point, { spikeMm, rateMmPerH }: RateRules): boolean {
  const movedMm = Math.abs(to.distanceMm - from.distanceMm);
  return movedMm > spikeMm && movedMm > (rateMmPerH * Math.max(0, to.atMs - from.atMs)) / hourMs;
}

/**
 * Rate of change (QARTOD test 7, at most a 3): a second reading has borne out a move that is faster than the
 * station's water. It is there; what it is, somebody must see.
 */
export function rateOfChange(borneOut: boolean): Finding | null {
  return borneOut ? { flag: 3, test: 'rate-of-change' } : null;
}
