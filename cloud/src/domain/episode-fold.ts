/**
 * Episodes as a fold over readings in order of event time: the same readings give the same episodes, whatever the order
 * in which they came. Raised by 2 of the last 3 weighing readings, so that one isolated spike is no episode; over when
 * the water stood below the dead-band for half an hour. Silence never ends one: what was above before a gap and is
 * above after it lasted, as far as anybody can tell; what is below after it was over by then.
 */
import { type Severity, weighs } from '@siaga/protocol';
import { riseReaches } from './blanking.ts';
import { type EpisodeLimit, type EpisodeSite, episodeSeverities, periodAt } from './episode-site.ts';
import type { FoldedReading } from './level.ts';
import { staleIntervals } from './presence.ts';
import { stageOf } from './stage.ts';
import type { StagePoint } from './trend.ts';

/** How long the water must stay below the dead-band before an episode is over. */
const clearMs = 30 * 60_000;
/** An episode begins with `raiseOf` of the last `raiseAmong` weighing readings. */
const raiseOf = 2;
const raiseAmong = 3;
const approachPoints = 4;

/** A weighing reading as stage; `atLeast` under blanking after a rise. */
export type StageSample = StagePoint & { readonly atLeast: boolean };

/** An episode that began and is not over. */
export type OpenEpisode = {
  readonly bandLabel: string;
  readonly sinceMs: number;
  readonly peakStageMm: number;
  readonly peakAtMs: number;
  readonly peakAtLeast: boolean;
  readonly readings: number;
  /** The water stands below the dead-band since then: over if it stays there. */
  readonly below: { readonly sinceMs: number; readonly readings: number } | null;
};

/** All that the readings so far mean to those that follow. Small, and the same for the same readings. */
export type EpisodeFold = {
  /** The newest weighing reading. */
  readonly last: { readonly atMs: number; readonly intervalS: number } | null;
  /** The weighing readings before the next that may confirm it, oldest first. */
  readonly recent: readonly StageSample[];
  /** The last measured stages, oldest first: whether blanking came by a rise or by a jump. */
  readonly approach: readonly StagePoint[];
  /** While the sensor is blinded: whether by rising water, and how high it is at least. */
  readonly blanking: { readonly risen: boolean; readonly stageMm: number } | null;
  /** By severity 1..3. */
  readonly open: readonly (OpenEpisode | null)[];
};

/** An episode that is over. `settledAtMs`: the reading that said so. */
export type ClosedEpisode = Omit<OpenEpisode, 'below'> & {
  readonly severity: Severity;
  readonly untilMs: number;
  readonly settledAtMs: number;
};

export type EpisodeStep = { readonly fold: EpisodeFold; readonly closed: readonly ClosedEpisode[] };

export const emptyFold: EpisodeFold = {
  last: null,
  recent: [],
  approach: [],
  blanking: null,
  open: episodeSeverities.map(() => null),
};

const none: readonly ClosedEpisode[] = [];

/** Folds the next reading in order of (observedAtMs, stream, seq). Readings of another gauge change nothing. */
export function foldEpisodes(fold: EpisodeFold, reading: FoldedReading, site: EpisodeSite): EpisodeStep {
  if (reading.gauge !== site.gauge) return { fold, closed: none };
  const heard = hear(fold, reading, site);
  const { sample } = heard;
  if (sample === null)
    return { fold: heard.blanking === fold.blanking ? fold : { ...fold, blanking: heard.blanking }, closed: none };

  const { atMs } = sample;
  const period = periodAt(site, atMs);
  // What lies behind a gap, or was held against other limits, confirms nothing.
  const alone = fold.last === null || isGap(fold.last, reading) || fold.last.atMs < period.fromMs;
  const window = alone ? [sample] : [...fold.recent, sample];
  const closed: ClosedEpisode[] = [];
  const open = fold.open.map((episode, i) => {
    const limit = period.limits[i] ?? null;
    if (episode === null) return limit === null ? null : begin(window, limit);
    const next = goOn(episode, limit, sample, site.deadBandMm);
    if (!('untilMs' in next)) return next;
    closed.push({ ...next, severity: (i + 1) as Severity, settledAtMs: atMs });
    return null;
  });
  return {
    fold: {
      last: { atMs, intervalS: reading.intervalS },
      recent: window.slice(1 - raiseAmong),
      approach: heard.approach,
      blanking: heard.blanking,
      open,
    },
    closed,
  };
}

/** What a reading says of the water, and of the sensor's sight; no sample where it weighs nothing. */
function hear(
  fold: EpisodeFold,
  reading: FoldedReading,
  site: EpisodeSite,
): Pick<EpisodeFold, 'blanking' | 'approach'> & { sample: StageSample | null } {
  const { approach } = fold;
  if (reading.maintenance) return { blanking: null, approach, sample: null };
  const blinded = reading.echo === 'blanking';
  const stage = weighs(reading.flag) ? stageOf(site.calibrations, reading) : null;
  if (stage === null) return { blanking: blinded ? fold.blanking : null, approach, sample: null };
  const point = { atMs: reading.observedAtMs, stageMm: stage.stageMm };
  if (!blinded)
    return {
      blanking: null,
      approach: [...approach.slice(1 - approachPoints), point],
      sample: { ...point, atLeast: false },
    };
  const risen = fold.blanking?.risen ?? riseReaches(approach, point);
  const stageMm = Math.max(point.stageMm, fold.blanking?.stageMm ?? point.stageMm);
  return { blanking: { risen, stageMm }, approach, sample: risen ? { ...point, stageMm, atLeast: true } : null };
}

/** Longer than four reporting intervals, of which the longer one counts: a device may change its cadence. */
function isGap(last: NonNullable<EpisodeFold['last']>, reading: FoldedReading): boolean {
  const intervalS = Math.max(last.intervalS, reading.intervalS);
  return reading.observedAtMs - last.atMs > staleIntervals * intervalS * 1000;
}

function begin(window: readonly StageSample[], limit: EpisodeLimit): OpenEpisode | null {
  const isAbove = ({ stageMm }: StageSample) => stageMm >= limit.fromMm;
  const first = window.findIndex(isAbove);
  if (first < 0 || window.filter(isAbove).length < raiseOf) return null;
  const held = window.slice(first);
  const peak = held.reduce((highest, sample) => (isHigher(sample, highest) ? sample : highest));
  return {
    bandLabel: limit.label,
    sinceMs: (held[0] as StageSample).atMs,
    ...peakOf(peak),
    readings: held.length,
    below: null,
  };
}

type Ended = Omit<OpenEpisode, 'below'> & { readonly untilMs: number };

function goOn(
  { below, ...episode }: OpenEpisode,
  limit: EpisodeLimit | null,
  sample: StageSample,
  deadBandMm: number,
): OpenEpisode | Ended {
  // Where no limit is in force any more, nothing is above it.
  if (limit === null) return { ...episode, untilMs: below?.sinceMs ?? sample.atMs };
  if (sample.stageMm < limit.fromMm - deadBandMm) {
    const sinceMs = below?.sinceMs ?? sample.atMs;
    // "At least" so much says nothing of what lies above.
    const isOver = !sample.atLeast && sample.atMs - sinceMs >= clearMs;
    if (isOver) return { ...episode, untilMs: sinceMs };
    if (!sample.atLeast || below !== null)
      return { ...episode, below: { sinceMs, readings: (below?.readings ?? 0) + 1 } };
    return { ...episode, readings: episode.readings + 1, below: null };
  }
  const readings = episode.readings + (below?.readings ?? 0) + 1;
  const before = { atMs: episode.peakAtMs, stageMm: episode.peakStageMm, atLeast: episode.peakAtLeast };
  return { ...episode, ...(isHigher(sample, before) ? peakOf(sample) : {}), readings, below: null };
}

function isHigher(a: StageSample, b: StageSample): boolean {
  return a.stageMm > b.stageMm || (a.stageMm === b.stageMm && a.atLeast && !b.atLeast);
}

function peakOf({ stageMm, atMs, atLeast }: StageSample): Pick<OpenEpisode, `peak${string}` & keyof OpenEpisode> {
  return { peakStageMm: stageMm, peakAtMs: atMs, peakAtLeast: atLeast };
}
