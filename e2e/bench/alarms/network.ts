/** Made-up networks for the alarm benches: stations in basins, as the text of a catalogue. */
import { stringify } from 'yaml';

export type Kind = 'river' | 'street' | 'gate-up' | 'tide' | 'pump-basin';

export type NetworkStation = {
  readonly id: string;
  readonly kind: Kind;
  readonly basin: string;
  /** Limits of alert, warning and danger. */
  readonly limitsMm: readonly [number, number, number];
  readonly sensorElevationMm: number;
};

export type NetworkReach = { readonly from: string; readonly to: string; readonly minH: number; readonly maxH: number };

export const blankingMm = 300;
const validFrom = '2000-01-01T00:00:00Z';
const names = ['alert', 'warning', 'danger'];

export function catalogueText(stations: readonly NetworkStation[], reaches: readonly NetworkReach[] = []): string {
  const basins = [...new Set(stations.map(({ basin }) => basin))];
  return stringify({
    deployment: { name: 'Bench network', timeZone: 'Asia/Jakarta', bounds: [-6.75, 106.55, -5.95, 107.05] },
    basins: basins.map((id) => ({ id, name: `Basin ${id}` })),
    stations: stations.map(({ id, kind, basin, limitsMm, sensorElevationMm }) => ({
      id,
      name: `Station ${id}`,
      kind,
      basin,
      lat: -6.3,
      lon: 106.8,
      staleCapS: 3600,
      deadBandMm: 50,
      normalLabel: 'Siaga IV',
      thresholds: limitsMm.map((fromMm, i) => ({
        severity: names[i],
        label: `Siaga ${'I'.repeat(3 - i)}`,
        fromMm,
        validFrom,
      })),
      gauges: [
        {
          id: 'main',
          model: 'maxbotix-hrxl-wr',
          blankingMm,
          calibrations: [{ validFrom, sensorElevationMm, faceOffsetMm: 0 }],
        },
      ],
    })),
    reaches: reaches.map(({ from, to, minH, maxH }) => ({
      id: `${from}-to-${to}`.slice(0, 31),
      from,
      to,
      river: 'Bench',
      travelHours: { min: minH, max: maxH },
    })),
  });
}
