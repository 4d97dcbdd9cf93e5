import { readFile } from 'node:fs/promises';
import { GaugeId, parserOf, StationId } from '@siaga/protocol';
import { type Static, Type } from 'typebox';
import { parse } from 'yaml';

/** The simulator's share of `siaga.yaml`; the platform reads the whole and is strict about it. */
const Catalogue = Type.Object({
  stations: Type.Array(
    Type.Object({
      id: StationId,
      gauges: Type.Array(
        Type.Object({
          id: GaugeId,
          model: Type.String(),
          calibrations: Type.Array(
            Type.Object({
              validFrom: Type.String({ format: 'date-time' }),
              sensorElevationMm: Type.Integer(),
              faceOffsetMm: Type.Optional(Type.Integer()),
            }),
            { minItems: 1 },
          ),
        }),
        { minItems: 1 },
      ),
    }),
    { minItems: 1 },
  ),
});
export type Catalogue = Static<typeof Catalogue>;
export type CatalogueStation = Catalogue['stations'][number];
export type CatalogueGauge = CatalogueStation['gauges'][number];

const parseCatalogue = parserOf(Catalogue);

/** Reads a catalogue. Throws one clear sentence when it is missing or not one. */
export async function readCatalogue(file: string | URL): Promise<Catalogue> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Error(`catalogue ${String(file)} cannot be read`, { cause });
  });
  // The core schema leaves times as the text they are.
  const catalogue = parseCatalogue(parse(text));
  if (catalogue.ok) return catalogue.value;
  throw new Error(`catalogue ${String(file)}: ${catalogue.reason}`);
}

/** Distance that the gauge sees at that stage: the calibration valid at `atMs`, turned round. */
export function distanceMmAt(gauge: CatalogueGauge, stageMm: number, atMs: number): number {
  const calibration = gauge.calibrations
    .filter(({ validFrom }) => Date.parse(validFrom) <= atMs)
    .sort((a, b) => Date.parse(b.validFrom) - Date.parse(a.validFrom))[0];
  if (calibration === undefined)
    throw new Error(`gauge ${gauge.id}: no calibration is valid at ${new Date(atMs).toISOString()}`);
  return calibration.sensorElevationMm - stageMm - (calibration.faceOffsetMm ?? 0);
}
