import { type Parsed, parsed, refused, type StationId } from '@siaga/protocol';
import { type CatalogueGauge, distanceMmAt, readCatalogue } from '../catalogue.ts';
import { type SensorType, type SimulatedSensor, sensorNamed, typeFor, whyNoBursts } from '../sensors.ts';
import type { Row } from './csv.ts';
import { siteCatalogue, siteFor } from './site.ts';

/** What plays a record: the instrument, where it hangs, and the catalogue (as YAML, or the file's path) that says so. */
export type Instrument = {
  readonly gauge: string;
  readonly sensor: SimulatedSensor;
  readonly type: SensorType;
  readonly catalogue: { readonly text: string } | { readonly file: string };
  distanceMm(row: Row): number;
};

/** An instrument made for the record. */
export function madeInstrument(rows: readonly Row[], station: StationId, sensor?: SimulatedSensor): Parsed<Instrument> {
  const site = siteFor(rows, sensor);
  if (!site.ok) return site;
  return parsed({
    gauge: 'main',
    sensor: site.value.sensor,
    type: site.value.type,
    catalogue: { text: siteCatalogue(station, site.value, (rows[0] as Row).atMs) },
    distanceMm: ({ stageMm }) => site.value.sensorElevationMm - stageMm,
  });
}

/** The primary gauge that a catalogue gives the station. Refuses what that gauge cannot see. */
export async function cataloguedInstrument(
  rows: readonly Row[],
  station: StationId,
  file: string,
  asked?: SimulatedSensor,
): Promise<Parsed<Instrument>> {
  const found = (await readCatalogue(file)).stations.find(({ id }) => id === station);
  if (found === undefined) return refused(`${file}: no station ${station}`);
  const gauge = found.gauges[0] as CatalogueGauge;
  const sensor = asked ?? sensorNamed(gauge.model);
  if (sensor.name !== gauge.model)
    return refused(`${file}: gauge ${gauge.id} is a ${gauge.model}, not a ${sensor.name}`);
  const why = whyNoBursts(sensor);
  if (why !== undefined) return refused(`${file}: ${why}`);
  const distanceMm = (row: Row) => distanceMmAt(gauge, row.stageMm, row.atMs);
  const nearest = rows.reduce((near, row) => Math.min(near, distanceMm(row)), Number.POSITIVE_INFINITY);
  const farthest = rows.reduce((far, row) => Math.max(far, distanceMm(row)), Number.NEGATIVE_INFINITY);
  const type = typeFor(sensor, nearest, farthest);
  if (type === undefined)
    return refused(`${file}: the record needs distances from ${nearest} to ${farthest} mm, beyond a ${sensor.name}`);
  return parsed({ gauge: gauge.id, sensor, type, catalogue: { file }, distanceMm });
}
