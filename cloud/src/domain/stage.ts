import type { Echo, GaugeId } from '@siaga/protocol';

/** A calibration with its validity in ms UTC: from `validFromMs` until the gauge's next one. */
export type DatedCalibration = {
  readonly gauge: GaugeId;
  readonly validFromMs: number;
  /** Reference mark of the sensor above the station's zero. */
  readonly sensorElevationMm: number;
  /** From the reference mark down to where the sensor counts from. */
  readonly faceOffsetMm: number;
  readonly benchmark: string | null;
  readonly surveyedOn: string | null;
  /** Day by which it should be levelled again. */
  readonly relevelDue?: string;
};

/** Stage as far as it is known: `atLeast` when the water is nearer than the sensor can measure. */
export type Stage = { readonly stageMm: number; readonly atLeast: boolean };

/** The calibration of `gauge` in force at `atMs`; undefined before the first. */
export function calibrationAt(
  calibrations: readonly DatedCalibration[],
  gauge: GaugeId,
  atMs: number,
): DatedCalibration | undefined {
  return calibrations.reduce<DatedCalibration | undefined>((best, next) => {
    if (next.gauge !== gauge || next.validFromMs > atMs) return best;
    return best === undefined || next.validFromMs >= best.validFromMs ? next : best;
  }, undefined);
}

/** Height of the water above the station's zero: sensorElevationMm − (distanceMm + faceOffsetMm). */
export function stageMmOf(calibration: DatedCalibration, distanceMm: number): number {
  return calibration.sensorElevationMm - (distanceMm + calibration.faceOffsetMm);
}

/**
 * Stage of a reading by the calibration valid when it was observed; null where there is no distance or no
 * calibration. Under `blanking` the distance is an upper limit, so that the stage is "at least".
 */
export function stageOf(
  calibrations: readonly DatedCalibration[],
  reading: {
    readonly gauge: GaugeId;
    readonly observedAtMs: number;
    readonly distanceMm: number | null;
    readonly echo: Echo;
  },
): Stage | null {
  if (reading.distanceMm === null) return null;
  const calibration = calibrationAt(calibrations, reading.gauge, reading.observedAtMs);
  if (calibration === undefined) return null;
  return { stageMm: stageMmOf(calibration, reading.distanceMm), atLeast: reading.echo === 'blanking' };
}
