import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';

export type TestStation = {
  readonly id: string;
  readonly sensorElevationMm?: number;
  readonly limitsMm?: readonly number[];
};

/** Writes a catalogue of plain river stations into `folder`; returns its path. Sensors hang at 5 m by default. */
export function writeCatalogue(folder: string, stations: readonly TestStation[]): string {
  const validFrom = '2000-01-01T00:00:00Z';
  const severities = ['alert', 'warning', 'danger'];
  const catalogue = {
    deployment: { name: 'Test network', timeZone: 'Asia/Jakarta', bounds: [-6.75, 106.55, -5.95, 107.05] },
    basins: [{ id: 'test', name: 'Test basin' }],
    stations: stations.map(({ id, sensorElevationMm = 5000, limitsMm = [1000, 2000, 3000] }, i) => ({
      id,
      name: `Station ${id}`,
      kind: 'river',
      basin: 'test',
      lat: -6.6 + 0.05 * (i % 12),
      lon: 106.7 + 0.02 * (i % 15),
      staleCapS: 86_400,
      deadBandMm: 50,
      normalLabel: 'Siaga IV',
      thresholds: limitsMm.map((fromMm, k) => ({
        severity: severities[k],
        label: `Siaga ${'I'.repeat(3 - k)}`,
        fromMm,
        validFrom,
      })),
      gauges: [
        {
          id: 'main',
          model: 'maxbotix-hrxl-wr',
          blankingMm: 300,
          calibrations: [{ validFrom, sensorElevationMm, faceOffsetMm: 0 }],
        },
      ],
    })),
    reaches: [],
  };
  const path = join(folder, 'siaga.yaml');
  writeFileSync(path, stringify(catalogue));
  return path;
}
