import type { SensorDriver } from '../../sensors/driver.ts';
import type { QcSettings } from '../config.ts';
import type { FlatRules } from './flat-line.ts';
import type { Span } from './gross-range.ts';
import type { RateRules } from './rate-of-change.ts';

export type QcRules = RateRules & FlatRules & { readonly userSpan: Span | undefined };

const hourMs = 3_600_000;

/*
 * Chosen on six recorded rivers (a quick one over 20 months, five calm ones over four weeks, each row 15 min, 1 mm):
 * 11 of 73,000 rows moved by more than 150 mm in a quarter of an hour, one by more than 600 mm in an hour. The longest
 * stretch without a change of a single mm was 19 h 45 min, so that 22 h without one is no calm that was ever
 * seen there. With a tolerance of 2 mm the calm stretches last for three days: what sticks and scatters cannot be
 * told from calm by its values. The same records in whole cm lie still for up to 10 days.
 */
const defaults = { spikeMm: 150, rateMmPerH: 600, flatHoursPerMm: 22, flatToleranceMm: 0 } as const;

/** The rules that a gauge's settings and its sensor make together. */
export function qcRulesOf(
  { qc = {}, userSpan }: { readonly qc?: QcSettings; readonly userSpan?: Span },
  { resolutionMm = 1 }: Pick<SensorDriver, 'resolutionMm'>,
): QcRules {
  return {
    spikeMm: qc.spikeMm ?? defaults.spikeMm,
    rateMmPerH: qc.rateMmPerH ?? defaults.rateMmPerH,
    flatMs: (qc.flatHours ?? defaults.flatHoursPerMm * resolutionMm) * hourMs,
    flatToleranceMm: qc.flatToleranceMm ?? defaults.flatToleranceMm,
    dryMm: qc.dryMm ?? null,
    userSpan,
  };
}
