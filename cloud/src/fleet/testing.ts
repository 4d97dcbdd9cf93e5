import { type Catalogue, describeFaults, loadCatalogue } from './catalogue.ts';

/** A small catalogue: two stations of the Ciliwung, the first re-surveyed in 2020. */
export const catalogueText = `
deployment:
  name: Siaga Jakarta (test)
  timeZone: Asia/Jakarta
  bounds: [-6.75, 106.55, -5.95, 107.05]
basins:
  - { id: ciliwung, name: Ciliwung }
stations:
  - id: katulampa
    name: Katulampa
    kind: river
    basin: ciliwung
    lat: -6.6331
    lon: 106.83708
    staleCapS: 3600
    deadBandMm: 50
    normalLabel: Siaga IV
    thresholds:
      - { severity: alert, label: Siaga III, fromMm: 810, validFrom: 2013-01-01T00:00:00Z }
      - { severity: warning, label: Siaga II, fromMm: 1510, validFrom: 2013-01-01T00:00:00Z }
      - { severity: danger, label: Siaga I, fromMm: 2010, validFrom: 2013-01-01T00:00:00Z }
    gauges:
      - id: main
        model: maxbotix-hrxl-wr
        blankingMm: 300
        calibrations:
          - { validFrom: 2013-01-01T00:00:00Z, sensorElevationMm: 4400, faceOffsetMm: 0, benchmark: BM 1, surveyedOn: 2013-01-01 }
          - { validFrom: 2020-01-01T00:00:00Z, sensorElevationMm: 4500, faceOffsetMm: 0 }
      - id: second
        model: dfrobot-a02yyuw
        blankingMm: 30
        calibrations:
          - { validFrom: 2013-01-01T00:00:00Z, sensorElevationMm: 4450, faceOffsetMm: 10 }
  - id: depok
    name: Depok
    kind: river
    basin: ciliwung
    lat: -6.40053
    lon: 106.83184
    staleCapS: 3600
    deadBandMm: 50
    normalLabel: Siaga IV
    thresholds:
      - { severity: alert, label: Siaga III, fromMm: 2010, validFrom: 2013-01-01T00:00:00Z }
    gauges:
      - id: main
        model: maxbotix-hrxl-wr
        blankingMm: 300
        calibrations:
          - { validFrom: 2013-01-01T00:00:00Z, sensorElevationMm: 6000, faceOffsetMm: 0 }
reaches:
  - { id: katulampa-depok, from: katulampa, to: depok, river: Ciliwung, travelHours: { min: 3, max: 5 }, via: [[-6.52, 106.83]] }
`;

/** A catalogue of tests; throws with its faults. */
export function catalogueFrom(text = catalogueText): Catalogue {
  const loaded = loadCatalogue(text);
  if (!loaded.ok) throw new Error(describeFaults(loaded.faults));
  return loaded.catalogue;
}
