import type { GaugeId, LevelNote, Quality, Severity } from '@siaga/protocol';

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
};
