import { type ControlPoint, type Hydrograph, periodicHydrograph } from '../../hydrograph.ts';
import type { Scenario } from '../../scenario.ts';

const hourMs = 3_600_000;
const periodMs = 48 * hourMs;

/** A stage that a source states, in cm above the station's zero. */
type Fact = { readonly kind: 'fact'; readonly at: string; readonly stageCm: number; readonly source: string };
/** A stage that we made up so that basin and travel time are plausible. */
type Made = { readonly kind: 'made'; readonly at: string; readonly stageCm: number };
type Point = Fact | Made;

const made = (at: string, stageCm: number): Made => ({ kind: 'made', at, stageCm });
const fact =
  (source: string) =>
  (at: string, stageCm: number): Fact => ({ kind: 'fact', at, stageCm, source });

const pulsk = fact('pulsk.com');
const antara = fact('Antara');
const kompas = fact('Kompas');

/**
 * The event of 29–30 January 2014 at each gauge: 'day hour:minute' in WIB (UTC+7), cm. Facts are
 * exactly as published; everything else is made up around them: basins respond to one evening's rain
 * over the hills, crests move downstream by the published travel times (Katulampa → Depok 3–5 h,
 * Depok → Manggarai 6 h and more, Krukut Hulu → Karet 3 h, Sunter Hulu → Pulo Gadung 4 h), and the
 * last point leads back to the first, so that the two days repeat without a step.
 */
export const jakartaPoints: Readonly<Record<string, readonly Point[]>> = {
  katulampa: [
    made('29 00:00', 62),
    made('29 06:00', 50),
    made('29 12:00', 48),
    made('29 16:00', 58),
    made('29 18:30', 74),
    made('29 20:00', 95),
    made('29 21:15', 118),
    pulsk('29 22:00', 130),
    pulsk('29 22:39', 160),
    pulsk('29 22:50', 180),
    pulsk('29 23:00', 190),
    pulsk('29 23:05', 200),
    pulsk('29 23:27', 220),
    made('29 23:50', 224),
    made('30 00:40', 208),
    made('30 01:30', 182),
    made('30 03:00', 146),
    made('30 06:00', 112),
    made('30 10:00', 88),
    made('30 16:00', 72),
  ],
  depok: [
    made('29 00:00', 128),
    made('29 08:00', 108),
    made('29 14:00', 104),
    made('29 18:00', 116),
    made('29 21:00', 150),
    antara('29 23:00', 180),
    made('30 00:30', 222),
    made('30 02:00', 298),
    made('30 03:00', 348),
    antara('30 04:00', 380),
    made('30 04:30', 386),
    made('30 06:00', 352),
    made('30 09:00', 262),
    made('30 13:00', 196),
    made('30 18:00', 152),
  ],
  manggarai: [
    made('29 00:00', 690),
    made('29 08:00', 655),
    made('29 16:00', 640),
    made('29 22:00', 655),
    made('30 03:00', 690),
    made('30 06:30', 752),
    made('30 10:00', 842),
    made('30 12:30', 872),
    // The source gives the hour; the day follows from the wave's travel (assumed).
    kompas('30 15:00', 860),
    made('30 18:00', 812),
    made('30 21:00', 752),
  ],
  karet: [
    made('29 00:00', 372),
    made('29 08:00', 330),
    made('29 16:00', 310),
    made('29 21:00', 325),
    made('30 01:30', 372),
    made('30 04:00', 420),
    made('30 07:00', 448),
    made('30 11:00', 512),
    made('30 14:00', 540),
    made('30 17:00', 520),
    made('30 21:00', 430),
  ],
  'krukut-hulu': [
    made('29 00:00', 62),
    made('29 10:00', 50),
    made('29 18:00', 66),
    made('29 21:30', 118),
    made('30 00:00', 220),
    made('30 01:00', 262),
    made('30 02:30', 232),
    made('30 06:00', 140),
    made('30 12:00', 88),
  ],
  pesanggrahan: [
    made('29 00:00', 92),
    made('29 10:00', 80),
    made('29 18:00', 95),
    made('29 22:00', 165),
    made('30 00:30', 268),
    made('30 01:30', 282),
    made('30 04:00', 228),
    made('30 09:00', 140),
    made('30 16:00', 108),
  ],
  'angke-hulu': [
    made('29 00:00', 95),
    made('29 10:00', 70),
    made('29 19:00', 98),
    made('29 23:00', 148),
    made('30 02:00', 192),
    made('30 04:00', 186),
    made('30 10:00', 128),
    made('30 18:00', 108),
  ],
  'cipinang-hulu': [
    made('29 00:00', 96),
    made('29 10:00', 84),
    made('29 18:00', 98),
    made('29 22:00', 148),
    made('29 23:30', 176),
    made('30 01:00', 168),
    made('30 05:00', 122),
    made('30 12:00', 102),
  ],
  'sunter-hulu': [
    made('29 00:00', 78),
    made('29 10:00', 62),
    made('29 18:00', 80),
    made('29 22:00', 128),
    made('29 23:40', 158),
    made('30 01:30', 144),
    made('30 06:00', 98),
    made('30 14:00', 84),
  ],
  'pulo-gadung': [
    made('29 00:00', 422),
    made('29 12:00', 360),
    made('29 20:00', 385),
    made('30 00:00', 450),
    made('30 03:40', 578),
    made('30 05:30', 560),
    made('30 10:00', 470),
    made('30 18:00', 432),
  ],
  // Pumps keep the basin between about −190 and −125; in the night of the event the inflow outruns them.
  pluit: [
    made('29 00:00', -150),
    made('29 03:00', -128),
    made('29 04:30', -186),
    made('29 10:00', -130),
    made('29 11:30', -188),
    made('29 17:00', -129),
    made('29 18:30', -180),
    made('29 22:00', -140),
    made('30 01:00', -95),
    made('30 04:00', -52),
    made('30 05:30', -41),
    made('30 07:00', -60),
    made('30 10:00', -112),
    made('30 13:00', -182),
    made('30 19:00', -130),
    made('30 20:30', -184),
  ],
};

/** Ms UTC of 'day hour:minute' in January 2014, WIB. */
export function wibMs(at: string): number {
  const [day, time] = at.split(' ');
  return Date.parse(`2014-01-${day}T${time}:00+07:00`);
}

/**
 * Pasar Ikan follows the sea. The tide of Jakarta Bay is mainly diurnal; amplitudes are made up to fit
 * the usual 145–180 cm, and the periods are rounded to 24 and 12 h so that two days close.
 */
const pasarIkan: Hydrograph = (atMs) => {
  const hours = (atMs - wibMs('29 10:00')) / hourMs;
  const turn = (2 * Math.PI * hours) / 24;
  return 1600 + 180 * Math.cos(turn) + 45 * Math.cos(2 * turn + 0.6);
};

function hydrographOf(points: readonly Point[]): Hydrograph {
  const control = points.map((point): ControlPoint => ({ atMs: wibMs(point.at), stageMm: point.stageCm * 10 }));
  return periodicHydrograph(control, periodMs);
}

/** The fast rise of January 2014; a first start enters it at 23:00 WIB, minutes before Katulampa reaches Siaga I. */
export const jakarta2014: Scenario = {
  name: 'jakarta-2014',
  periodMs,
  entryMs: wibMs('29 23:00'),
  stations: new Map([
    ...Object.entries(jakartaPoints).map(([id, points]) => [id, hydrographOf(points)] as const),
    ['pasar-ikan', pasarIkan] as const,
  ]),
};

/** The catalogue that goes with it. */
export const jakarta2014Catalogue = new URL('./siaga.yaml', import.meta.url);
