import type {
  Band,
  ClockState,
  Echo,
  Flag,
  GaugeId,
  LevelNote,
  Quality,
  Severity,
  StationLevel,
} from '@siaga/protocol';
import { weighs } from '@siaga/protocol';
import { bandOf, labelOf, severityOf } from './bands.ts';
import { riseReaches } from './blanking.ts';
import { presenceOf, staleAfterMs } from './presence.ts';
import { calibrationAt, type DatedCalibration, stageMmOf, stageOf } from './stage.ts';
import type { StagePoint } from './trend.ts';

/**
 * What the judge keeps of a station between readings: the state of the present-level fold, and the
 * newest reading's bearing on it. Event times in ms UTC.
 */
export type JudgedStation = {
  readonly gauge: GaugeId | null;
  /** Newest folded reading of any quality. */
  readonly observedAtMs: number | null;
  /** Newest folded reading that weighs: presence is counted from here. */
  readonly weighedAtMs: number | null;
  readonly intervalS: number | null;
  readonly stageMm: number | null;
  readonly severity: Severity | null;
  readonly sinceMs: number | null;
  readonly quality: Quality;
  readonly note: LevelNote | null;
  readonly maintenance: boolean;
  /** Echo of the newest folded reading. */
  readonly echo: Echo | null;
  /** Distance that `stageMm` rests on, to judge it again under another calibration. */
  readonly distanceMm: number | null;
  /** The last measured stages, oldest first: whether blanking came by a rise or by a jump. */
  readonly approach: readonly StagePoint[];
};

/** What the fold needs to know of a station. `bands` are those in force now: the present level is told by them. */
export type Site = {
  readonly gauge: GaugeId;
  readonly calibrations: readonly DatedCalibration[];
  readonly bands: readonly Band[];
  readonly deadBandMm: number;
  readonly staleCapS: number;
  /** A technician has declared work there until then. */
  readonly maintenanceUntilMs?: number | null;
};

/** What the fold needs of a reading; `StoredReading` is one. */
export type FoldedReading = {
  readonly gauge: GaugeId;
  readonly observedAtMs: number;
  readonly distanceMm: number | null;
  readonly echo: Echo;
  readonly flag: Flag;
  readonly clock: ClockState;
  readonly intervalS: number;
  readonly maintenance: boolean;
};

const approachPoints = 4;

/** A station of which nothing came yet. */
export const unjudged: JudgedStation = {
  gauge: null,
  observedAtMs: null,
  weighedAtMs: null,
  intervalS: null,
  stageMm: null,
  severity: null,
  sinceMs: null,
  quality: 'none',
  note: null,
  maintenance: false,
  echo: null,
  distanceMm: null,
  approach: [],
};

/**
 * Folds one reading into a station's present level. Readings of another gauge, and those not newer than the
 * newest folded one, change nothing: late data never touches the present.
 */
export function foldReading(state: JudgedStation, reading: FoldedReading, site: Site): JudgedStation {
  if (reading.gauge !== site.gauge) return state;
  if (state.observedAtMs !== null && reading.observedAtMs <= state.observedAtMs) return state;
  const seen: JudgedStation = {
    ...state,
    gauge: reading.gauge,
    observedAtMs: reading.observedAtMs,
    intervalS: reading.intervalS,
    maintenance: reading.maintenance,
    echo: reading.echo,
  };
  if (reading.maintenance) return seen;
  if (reading.echo === 'blanking' && weighs(reading.flag)) return foldBlanking(state, seen, reading, site);
  const stage = stageOf(site.calibrations, reading);
  if (!weighs(reading.flag) || stage === null)
    return { ...seen, quality: 'none', note: weightlessNote(state, reading) };
  return {
    ...inBandOf(seen, stage.stageMm, reading.observedAtMs, site),
    weighedAtMs: reading.observedAtMs,
    stageMm: stage.stageMm,
    distanceMm: reading.distanceMm,
    quality: qualityOf(reading.flag),
    note: clockNote(reading),
    approach: [...state.approach, { atMs: reading.observedAtMs, stageMm: stage.stageMm }].slice(-approachPoints),
  };
}

/** Water above what the sensor can see, or something in its way: told by how the stage came there. */
function foldBlanking(before: JudgedStation, seen: JudgedStation, reading: FoldedReading, site: Site): JudgedStation {
  const stage = stageOf(site.calibrations, reading);
  if (stage === null) return { ...seen, quality: 'none', note: weightlessNote(before, reading) };
  const stillBlanking = before.echo === 'blanking' && !before.maintenance;
  const risen =
    stillBlanking && (before.note === 'at-least' || before.note === 'possibly-blocked')
      ? before.note === 'at-least'
      : riseReaches(before.approach, { atMs: reading.observedAtMs, stageMm: stage.stageMm });
  if (!risen) return { ...seen, quality: 'none', note: 'possibly-blocked' };
  const here = bandOf(site.bands, stage.stageMm)?.severity ?? null;
  const rises = here !== null && (seen.severity === null || here > seen.severity);
  return {
    ...seen,
    severity: rises ? here : seen.severity,
    sinceMs: rises ? reading.observedAtMs : seen.sinceMs,
    weighedAtMs: reading.observedAtMs,
    stageMm: Math.max(stage.stageMm, stillBlanking ? (before.stageMm ?? stage.stageMm) : stage.stageMm),
    distanceMm: reading.distanceMm,
    quality: qualityOf(reading.flag),
    note: 'at-least',
  };
}

/**
 * The same evidence under the calibrations and bands in force now: after a change of the catalogue, or when
 * a threshold's validity begins or ends. The same object where nothing differs.
 */
export function rejudge(state: JudgedStation, site: Site): JudgedStation {
  if (state.gauge !== null && state.gauge !== site.gauge) return unjudged;
  if (state.weighedAtMs === null || state.distanceMm === null) return state;
  const stage = stageOf(site.calibrations, {
    gauge: site.gauge,
    observedAtMs: state.weighedAtMs,
    distanceMm: state.distanceMm,
    echo: 'seen',
  });
  if (stage === null)
    return state.stageMm === null && state.severity === null
      ? state
      : { ...state, stageMm: null, severity: null, sinceMs: null };
  const judged = inBandOf(state, stage.stageMm, state.weighedAtMs, site);
  return stage.stageMm === judged.stageMm ? judged : { ...judged, stageMm: stage.stageMm };
}

/** The level to make known: the judged state with its presence at `nowMs`. */
export function levelOf(state: JudgedStation, site: Site, nowMs: number): StationLevel {
  return {
    severity: state.severity,
    bandLabel: labelOf(site.bands, state.severity),
    since: state.sinceMs === null ? null : new Date(state.sinceMs).toISOString(),
    presence: presenceOf(state, site.staleCapS, nowMs),
    quality: state.quality,
    note: state.note,
    maintenance: isMaintained(state, site, nowMs),
  };
}

/**
 * Whether a technician is at work: it was declared, or the newest reading says so. That reading's word holds as long as
 * it is news: of a station that falls silent in the middle of the work somebody must hear some day.
 */
function isMaintained(state: JudgedStation, { maintenanceUntilMs = null, staleCapS }: Site, nowMs: number): boolean {
  if (maintenanceUntilMs !== null && nowMs < maintenanceUntilMs) return true;
  if (!state.maintenance || state.observedAtMs === null || state.intervalS === null) return false;
  return nowMs - state.observedAtMs <= staleAfterMs(state.intervalS, staleCapS);
}

/**
 * The same state under other calibrations: what was measured before is shifted by what they differ in, so that a new
 * calibration is no step of the water. A point that had no stage, or has none now, is dropped.
 */
export function recalibrated(
  state: JudgedStation,
  before: readonly DatedCalibration[],
  now: readonly DatedCalibration[],
): JudgedStation {
  if (state.gauge === null) return state;
  const { gauge } = state;
  const shifted = state.approach.flatMap(({ atMs, stageMm }) => {
    const [old, next] = [calibrationAt(before, gauge, atMs), calibrationAt(now, gauge, atMs)];
    if (old === undefined || next === undefined) return [];
    return [{ atMs, stageMm: stageMm + stageMmOf(next, 0) - stageMmOf(old, 0) }];
  });
  return { ...state, approach: shifted };
}

export function sameLevel(a: StationLevel, b: StationLevel): boolean {
  return (
    a.severity === b.severity &&
    a.bandLabel === b.bandLabel &&
    a.since === b.since &&
    a.presence === b.presence &&
    a.quality === b.quality &&
    a.note === b.note &&
    a.maintenance === b.maintenance
  );
}

function inBandOf(state: JudgedStation, stageMm: number, atMs: number, site: Site): JudgedStation {
  const severity = severityOf(site.bands, stageMm, state.severity, site.deadBandMm);
  if (severity === state.severity) return state;
  return { ...state, severity, sinceMs: severity === null ? null : atMs };
}

function qualityOf(flag: Flag): Quality {
  return flag === 3 ? 'suspect' : 'good';
}

function clockNote(reading: FoldedReading): LevelNote | null {
  return reading.clock === 'unsynced' ? 'clock-uncertain' : null;
}

/** A reading that weighs nothing leaves standing what was said of the level that it does not replace. */
function weightlessNote(before: JudgedStation, reading: FoldedReading): LevelNote | null {
  if (reading.echo === 'none') return 'no-echo';
  if (reading.echo === 'dead') return 'sensor-dead';
  if (before.note === 'at-least' || before.note === 'possibly-blocked') return before.note;
  return clockNote(reading);
}
