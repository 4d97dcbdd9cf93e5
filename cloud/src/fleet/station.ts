import type { GaugeId, StationId, StationKind } from '@siaga/protocol';
import type { DatedThreshold } from '../domain/bands.ts';
import type { DatedCalibration } from '../domain/stage.ts';

export type CatalogueGauge = {
  readonly id: GaugeId;
  readonly model: string;
  /** Nearest distance that the sensor can measure. */
  readonly blankingMm: number;
};

/** A station of the catalogue. The first gauge is the primary one: the present level is judged from it. */
export type CatalogueStation = {
  readonly id: StationId;
  readonly name: string;
  readonly kind: StationKind;
  readonly basin: string;
  readonly lat: number;
  readonly lon: number;
  readonly staleCapS: number;
  readonly deadBandMm: number;
  readonly normalLabel: string;
  readonly thresholds: readonly DatedThreshold[];
  readonly gauges: readonly [CatalogueGauge, ...CatalogueGauge[]];
  /** Of all gauges, oldest first. */
  readonly calibrations: readonly DatedCalibration[];
};
