import type { GaugeId, Severity } from '@siaga/protocol';
import { type DatedThreshold, thresholdsAt } from './bands.ts';
import type { DatedCalibration } from './stage.ts';

/** Where the band of a severity begins, with its local name. */
export type EpisodeLimit = { readonly severity: Severity; readonly label: string; readonly fromMm: number };

/** Limits that hold from `fromMs` until the next period, by severity 1..3; null where there is none. */
export type LimitPeriod = { readonly fromMs: number; readonly limits: readonly (EpisodeLimit | null)[] };

/** What the fold of episodes needs to know of a station. Everything in it is dated, so that the past is judged as it was. */
export type EpisodeSite = {
  readonly gauge: GaugeId;
  readonly calibrations: readonly DatedCalibration[];
  readonly deadBandMm: number;
  /** In order of time, the first from the beginning of time; neighbours differ. */
  readonly periods: readonly LimitPeriod[];
};

export const episodeSeverities: readonly Severity[] = [1, 2, 3];

export function episodeSite(station: {
  readonly gauge: GaugeId;
  readonly calibrations: readonly DatedCalibration[];
  readonly deadBandMm: number;
  readonly thresholds: readonly DatedThreshold[];
}): EpisodeSite {
  const { gauge, thresholds, deadBandMm } = station;
  return {
    gauge,
    calibrations: station.calibrations.filter((calibration) => calibration.gauge === gauge),
    deadBandMm,
    periods: periodsOf(thresholds),
  };
}

/** The period in force at `atMs`. */
export function periodAt({ periods }: EpisodeSite, atMs: number): LimitPeriod {
  let at = periods.length - 1;
  while (at > 0 && (periods[at] as LimitPeriod).fromMs > atMs) at -= 1;
  return periods[at] as LimitPeriod;
}

function periodsOf(thresholds: readonly DatedThreshold[]): LimitPeriod[] {
  const turns = thresholds.flatMap(({ validFromMs, validToMs }) => [validFromMs, validToMs ?? validFromMs]);
  const starts = [Number.NEGATIVE_INFINITY, ...new Set(turns.sort((a, b) => a - b))];
  const periods: LimitPeriod[] = [];
  for (const fromMs of starts) {
    const limits = limitsAt(thresholds, fromMs);
    const last = periods.at(-1);
    // A threshold that is only dated anew is the same limit.
    if (last === undefined || JSON.stringify(last.limits) !== JSON.stringify(limits)) periods.push({ fromMs, limits });
  }
  return periods;
}

function limitsAt(thresholds: readonly DatedThreshold[], atMs: number): (EpisodeLimit | null)[] {
  const inForce = thresholdsAt(thresholds, atMs);
  return episodeSeverities.map((severity) => {
    const found = inForce.find((threshold) => threshold.severity === severity);
    return found === undefined ? null : { severity, label: found.label, fromMm: found.fromMm };
  });
}
