import type { Band, Reach, StationPicture } from '@siaga/protocol';

type Made = {
  readonly id: string;
  readonly name: string;
  readonly kind: StationPicture['info']['kind'];
  readonly basin: string;
  readonly lat: number;
  readonly lon: number;
  readonly limitsMm: readonly number[];
  readonly baseMm: number;
  readonly swingMm: number;
  readonly change?: Partial<StationPicture['level']> & { readonly ageMin?: number };
};

/** Made-up levels at places of real gauges; every state that the console can show occurs. */
const made: readonly Made[] = [
  {
    id: 'katulampa',
    name: 'Katulampa',
    kind: 'river',
    basin: 'ciliwung',
    lat: -6.6331,
    lon: 106.83708,
    limitsMm: [810, 1510, 2010],
    baseMm: 2080,
    swingMm: 60,
  },
  {
    id: 'depok',
    name: 'Depok',
    kind: 'river',
    basin: 'ciliwung',
    lat: -6.40053,
    lon: 106.83184,
    limitsMm: [2010, 2710, 3510],
    baseMm: 2500,
    swingMm: 150,
  },
  {
    id: 'manggarai',
    name: 'Manggarai BKB',
    kind: 'gate-up',
    basin: 'ciliwung',
    lat: -6.2079,
    lon: 106.84844,
    limitsMm: [7510, 8510, 9510],
    baseMm: 8700,
    swingMm: 90,
    change: { presence: 'late', ageMin: 2.6 },
  },
  {
    id: 'karet',
    name: 'Karet',
    kind: 'gate-up',
    basin: 'ciliwung',
    lat: -6.19837,
    lon: 106.80982,
    limitsMm: [4510, 5510, 6010],
    baseMm: 3200,
    swingMm: 120,
  },
  {
    id: 'krukut-hulu',
    name: 'Krukut Hulu',
    kind: 'river',
    basin: 'krukut',
    lat: -6.34414,
    lon: 106.79888,
    limitsMm: [1510, 2510, 3010],
    baseMm: 620,
    swingMm: 80,
  },
  {
    id: 'pesanggrahan',
    name: 'Pesanggrahan',
    kind: 'river',
    basin: 'pesanggrahan',
    lat: -6.39715,
    lon: 106.77183,
    limitsMm: [1510, 2510, 3510],
    baseMm: 1900,
    swingMm: 90,
    change: { note: 'at-least' },
  },
  {
    id: 'angke-hulu',
    name: 'Angke Hulu',
    kind: 'river',
    basin: 'angke',
    lat: -6.2183,
    lon: 106.69443,
    limitsMm: [1510, 2510, 3010],
    baseMm: 900,
    swingMm: 90,
    change: { maintenance: true },
  },
  {
    id: 'cipinang-hulu',
    name: 'Cipinang Hulu',
    kind: 'river',
    basin: 'cipinang',
    lat: -6.37428,
    lon: 106.88387,
    limitsMm: [1510, 2010, 2510],
    baseMm: 900,
    swingMm: 50,
    change: { note: 'possibly-blocked', quality: 'suspect' },
  },
  {
    id: 'sunter-hulu',
    name: 'Sunter Hulu',
    kind: 'river',
    basin: 'sunter',
    lat: -6.31792,
    lon: 106.92089,
    limitsMm: [1410, 2010, 2510],
    baseMm: 2650,
    swingMm: 30,
    change: { presence: 'stale', ageMin: 47 },
  },
  {
    id: 'pulo-gadung',
    name: 'Pulo Gadung',
    kind: 'river',
    basin: 'sunter',
    lat: -6.19061,
    lon: 106.90412,
    limitsMm: [5510, 7010, 7710],
    baseMm: 3900,
    swingMm: 200,
  },
  {
    id: 'pasar-ikan',
    name: 'Pasar Ikan',
    kind: 'tide',
    basin: 'coast',
    lat: -6.12669,
    lon: 106.80966,
    limitsMm: [1710, 2010, 2510],
    baseMm: 1650,
    swingMm: 40,
  },
  {
    id: 'waduk-pluit',
    name: 'Waduk Pluit',
    kind: 'pump-basin',
    basin: 'coast',
    lat: -6.10908,
    lon: 106.79665,
    limitsMm: [-510, 0, 450],
    baseMm: -1500,
    swingMm: 120,
    change: { presence: 'never' },
  },
];

const labels = ['Siaga IV', 'Siaga III', 'Siaga II', 'Siaga I'];

export const reaches: Reach[] = [
  {
    id: 'katulampa-depok',
    from: 'katulampa',
    to: 'depok',
    river: 'Ciliwung',
    travelHours: { min: 3, max: 5 },
    via: [[-6.52, 106.815]],
  },
  {
    id: 'depok-manggarai',
    from: 'depok',
    to: 'manggarai',
    river: 'Ciliwung',
    travelHours: { min: 6, max: 6 },
    via: [[-6.3, 106.845]],
  },
  {
    id: 'manggarai-karet',
    from: 'manggarai',
    to: 'karet',
    river: 'Banjir Kanal Barat',
    travelHours: { min: 1, max: 1 },
    via: [],
  },
  {
    id: 'krukut-karet',
    from: 'krukut-hulu',
    to: 'karet',
    river: 'Krukut',
    travelHours: { min: 3, max: 3 },
    via: [[-6.26, 106.81]],
  },
  {
    id: 'sunter-pulo',
    from: 'sunter-hulu',
    to: 'pulo-gadung',
    river: 'Sunter',
    travelHours: { min: 4, max: 4 },
    via: [[-6.25, 106.905]],
  },
];

export function stageAt(id: string, ms: number): number {
  const station = made.find((candidate) => candidate.id === id);
  if (station === undefined) return 0;
  const hours = ms / 3_600_000;
  const wave = Math.sin(hours / 2.1) + 0.4 * Math.sin(hours * 1.7) + 0.05 * Math.sin(hours * 40);
  return Math.round(station.baseMm + station.swingMm * wave);
}

export function bandAt(bands: readonly Band[], stageMm: number): Band | undefined {
  return bands.findLast(({ fromMm }) => fromMm === null || fromMm <= stageMm);
}

export function makeStations(nowMs: number): Map<string, StationPicture> {
  return new Map(made.map((station) => [station.id, pictureOf(station, nowMs)]));
}

function pictureOf(station: Made, nowMs: number): StationPicture {
  const { ageMin = 0, ...change } = station.change ?? {};
  const at = new Date(nowMs - ageMin * 60_000).toISOString();
  const stageMm = stageAt(station.id, nowMs);
  const bands: Band[] = labels.map((label, severity) => ({
    severity,
    label,
    fromMm: severity === 0 ? null : (station.limitsMm[severity - 1] ?? null),
  }));
  const band = bandAt(bands, stageMm);
  const never = change.presence === 'never';
  const { id, name, kind, basin, lat, lon } = station;
  return {
    info: { id, name, kind, basin, lat, lon, gauges: ['main'], bands },
    level: {
      severity: never ? null : (band?.severity ?? null),
      bandLabel: never ? null : (band?.label ?? null),
      since: never ? null : new Date(nowMs - 95 * 60_000).toISOString(),
      presence: 'live',
      quality: never ? 'none' : 'good',
      note: null,
      maintenance: false,
      ...change,
    },
    value: never
      ? null
      : {
          gauge: 'main',
          observedAt: at,
          receivedAt: at,
          stageMm,
          flag: 1,
          trend: station.baseMm > 2000 ? 'rising' : station.baseMm > 1000 ? 'steady' : 'falling',
          rateMmPer10Min: station.baseMm > 2000 ? 74 : station.baseMm > 1000 ? 0 : -26,
          intervalS: 60,
        },
    official: null,
    works: null,
  };
}
