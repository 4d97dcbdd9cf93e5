/** What the newest readings ask of the cadence. Pure. */
import type { Reading } from '@siaga/protocol';
import { weighs } from '@siaga/protocol';
import type { CadenceConfig } from './config.ts';

export type Tier = 'calm' | 'rising' | 'flood';

/** A reading of the gauge that decides; `atMs` on a clock that never jumps, `stageMm` where the gauge is calibrated. */
export type Look = {
  readonly atMs: number;
  readonly stageMm: number | null;
  readonly reading: Pick<Reading, 'distanceMm' | 'echo' | 'flag'>;
};

export type Point = { readonly atMs: number; readonly distanceMm: number };

/** By the level alone; null when it cannot be told. `by`: the dead band while a tier lasts, else 0. */
export function tierOfLevel(look: Look, config: CadenceConfig, by: { rising: number; flood: number }): Tier | null {
  const { distanceMm, echo } = look.reading;
  // Water nearer than the sensor can see: where there is no limit for it, it is a flood all the same.
  if (echo === 'blanking') return 'flood';
  if (distanceMm === null || echo !== 'seen' || !weighs(look.reading.flag)) return null;
  const isWithin = (withinMm: number | undefined, stageMm: number | undefined, band: number) =>
    (withinMm !== undefined && distanceMm <= withinMm + band) ||
    (stageMm !== undefined && look.stageMm !== null && look.stageMm >= stageMm - band);
  if (isWithin(config.floodWithinMm, config.floodStageMm, by.flood)) return 'flood';
  return isWithin(config.risingWithinMm, config.risingStageMm, by.rising) ? 'rising' : 'calm';
}

const trendMs = 20 * 60_000;
/** A rise is measured over at least so long, and must be more than waves make. */
const shortestMs = 4 * 60_000;
const leastRiseMm = 20;
const pointsKept = 48;
/** Fewer tell no rise: who looks seldom keeps so many, however old. */
const leastPoints = 4;
const oldestMs = 86_400_000;

/** The readings of the last 20 minutes that weigh, thinned; or the newest few of a day. */
export function trendWith(trend: readonly Point[], { atMs, reading }: Look): readonly Point[] {
  if (reading.distanceMm === null || reading.echo !== 'seen' || !weighs(reading.flag)) return trend;
  const isKept = (point: Point, i: number) =>
    atMs - point.atMs <= (i > trend.length - leastPoints ? oldestMs : trendMs) && point.atMs < atMs;
  const recent = trend.filter(isKept);
  const [before, last] = recent.slice(-2);
  const dense = before && last && last.atMs - before.atMs < trendMs / pointsKept;
  return [...(dense ? recent.slice(0, -1) : recent), { atMs, distanceMm: reading.distanceMm }];
}

/** How fast the water comes nearer, mm an hour: the middle of the newest three against the middle of the oldest three. */
export function riseMmPerH(trend: readonly Point[]): number {
  if (trend.length < leastPoints) return 0;
  const [old, now] = [middle(trend.slice(0, 3)), middle(trend.slice(-3))];
  const riseMm = old.distanceMm - now.distanceMm;
  const ms = now.atMs - old.atMs;
  return riseMm < leastRiseMm || ms < shortestMs ? 0 : (riseMm * 3_600_000) / ms;
}

function middle(points: readonly Point[]): Point {
  const of = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
  return { atMs: of(points.map(({ atMs }) => atMs)), distanceMm: of(points.map(({ distanceMm }) => distanceMm)) };
}
