import { type Parsed, parsed, refused } from '@siaga/protocol';
import { stringify } from 'yaml';
import { marginMm, type SensorType, type SimulatedSensor, sensors, whyNoBursts } from '../sensors.ts';
import type { Row } from './csv.ts';

/** Where a gauge is hung for a replay: which instrument, and how high above the station's zero. */
export type Site = {
  readonly sensor: SimulatedSensor;
  readonly type: SensorType;
  readonly sensorElevationMm: number;
};

/** Clearance over the highest stage that a bridge would have, where the sensor's range leaves room for it. */
const clearanceMm = 1000;

/**
 * Hangs a sensor so that every stage of the record lies within its span. Without a sensor asked for,
 * the first type of the list whose span is long enough. Refuses a record that spans more than any can see, and a
 * sensor that speaks only when asked.
 */
export function siteFor(rows: readonly Row[], asked?: SimulatedSensor): Parsed<Site> {
  const why = asked && whyNoBursts(asked);
  if (why !== undefined) return refused(why);
  const lowestMm = rows.reduce((low, row) => Math.min(low, row.stageMm), Number.POSITIVE_INFINITY);
  const highestMm = rows.reduce((high, row) => Math.max(high, row.stageMm), Number.NEGATIVE_INFINITY);
  const spanMm = highestMm - lowestMm;
  for (const sensor of asked === undefined ? sensors.filter(({ ear }) => !ear) : [asked])
    for (const type of sensor.types) {
      const nearestMm = type.blankingMm + marginMm;
      const spareMm = type.nothingMm - marginMm - nearestMm - spanMm;
      if (spareMm >= 0)
        return parsed({ sensor, type, sensorElevationMm: highestMm + nearestMm + Math.min(spareMm >> 1, clearanceMm) });
    }
  return refused(`the record spans ${spanMm} mm, more than ${asked?.name ?? 'any sensor'} can see`);
}

/** A catalogue with that one station: no limits, since a record tells none. */
export function siteCatalogue(station: string, site: Site, firstMs: number): string {
  const day = new Date(firstMs).toISOString().slice(0, 10);
  return stringify({
    deployment: { name: `Replay of ${station}`, timeZone: 'UTC', bounds: [-0.5, -0.5, 0.5, 0.5] },
    basins: [{ id: 'replay', name: 'Replay' }],
    stations: [
      {
        id: station,
        name: station,
        kind: 'river',
        basin: 'replay',
        lat: 0,
        lon: 0,
        staleCapS: 86_400,
        deadBandMm: 0,
        normalLabel: 'no limits set',
        thresholds: [],
        gauges: [
          {
            id: 'main',
            model: site.sensor.name,
            blankingMm: site.type.blankingMm,
            calibrations: [
              {
                validFrom: `${day}T00:00:00Z`,
                sensorElevationMm: site.sensorElevationMm,
                faceOffsetMm: 0,
                benchmark: 'made for the replay',
                surveyedOn: day,
              },
            ],
          },
        ],
      },
    ],
    reaches: [],
  });
}
