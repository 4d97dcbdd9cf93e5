import { type StationValue, weighs } from '@siaga/protocol';
import type { DatedCalibration } from '../domain/stage.ts';
import { stageOf } from '../domain/stage.ts';
import { trendOf } from '../domain/trend.ts';
import type { StoredReading } from '../ports.ts';
import { presentOrder } from './present.ts';

/**
 * The newest of some readings as a value, with the trend of those before it. Readings of one gauge in order
 * of time; under a calibration that is missing the stage is null. Null without readings.
 */
export function stationValue(
  stored: readonly StoredReading[],
  calibrations: readonly DatedCalibration[],
): StationValue | null {
  const readings = presentOrder(stored);
  const newest = readings.at(-1);
  if (newest === undefined) return null;
  const points = readings.flatMap((reading) => {
    if (!weighs(reading.flag) || reading.maintenance || reading.echo === 'blanking') return [];
    const stage = stageOf(calibrations, reading);
    return stage === null ? [] : [{ atMs: reading.observedAtMs, stageMm: stage.stageMm }];
  });
  const slope = trendOf(points);
  return {
    gauge: newest.gauge,
    observedAt: new Date(newest.observedAtMs).toISOString(),
    receivedAt: new Date(newest.receivedAtMs).toISOString(),
    stageMm: stageOf(calibrations, newest)?.stageMm ?? null,
    flag: newest.flag,
    trend: slope?.trend ?? null,
    rateMmPer10Min: slope?.rateMmPer10Min ?? null,
    intervalS: newest.intervalS,
  };
}
