/** The water of a simulated season: what truly stands at each station, each minute, and when it passes a limit. */
import { prngOf } from '@siaga/simulator';
import type { NetworkReach, NetworkStation } from './network.ts';

const minutesPerHour = 60;

/** Four rivers with a street, a gate and a pump basin each, and two tides: thirty stations. */
export const seasonReaches: readonly NetworkReach[] = ['a', 'b', 'c', 'd'].flatMap((basin) => [
  { from: `${basin}-source`, to: `${basin}-upper`, minH: 1, maxH: 2 },
  { from: `${basin}-upper`, to: `${basin}-middle`, minH: 1.5, maxH: 3 },
  { from: `${basin}-middle`, to: `${basin}-lower`, minH: 2, maxH: 4 },
]);

export const seasonStations: readonly NetworkStation[] = [
  ...['a', 'b', 'c', 'd'].flatMap((basin): NetworkStation[] => [
    ...['source', 'upper', 'middle', 'lower'].map(
      (place, i): NetworkStation => ({
        id: `${basin}-${place}`,
        kind: 'river',
        basin,
        limitsMm: [1000 + 200 * i, 1600 + 200 * i, 2200 + 200 * i],
        sensorElevationMm: 3200 + 200 * i,
      }),
    ),
    { id: `${basin}-street`, kind: 'street', basin, limitsMm: [100, 300, 700], sensorElevationMm: 3000 },
    { id: `${basin}-gate`, kind: 'gate-up', basin, limitsMm: [2000, 2600, 3200], sensorElevationMm: 5000 },
    { id: `${basin}-pump`, kind: 'pump-basin', basin, limitsMm: [-500, 0, 500], sensorElevationMm: 2500 },
  ]),
  ...['east', 'west'].map(
    (side): NetworkStation => ({
      id: `tide-${side}`,
      kind: 'tide',
      basin: 'coast',
      limitsMm: [1700, 2000, 2500],
      sensorElevationMm: 4500,
    }),
  ),
];

/** Noise of the sensors, 1 SD. Water this little above a limit cannot be told from water below it. */
export const noiseMm = 4;
const surelyMm = 3 * noiseMm;
/** Below a limit by more than any dead-band, the next passing is a crossing of its own. */
const rearmMm = 150;

/** Water passed a limit in [fromMin, toMin), by more than noise can hide. */
export type Crossing = { readonly severity: 1 | 2 | 3; readonly fromMin: number; readonly toMin: number };

export type StationWater = { readonly stageMm: Int32Array; readonly crossings: readonly Crossing[] };

/** The same seed gives the same season. */
export function seasonWater(hours: number, seed: string): ReadonlyMap<string, StationWater> {
  const minutes = hours * minutesPerHour;
  return new Map(
    seasonStations.map((station) => {
      const stageMm = stagesOf(station, minutes, seed);
      return [station.id, { stageMm, crossings: crossingsOf(station, stageMm) }];
    }),
  );
}

/** Whether the water stands above the limit by more than noise can hide. */
export function isSurelyAbove(station: NetworkStation, severity: 1 | 2 | 3, stageMm: number): boolean {
  return stageMm >= (station.limitsMm[severity - 1] as number) + surelyMm;
}

/** Farther below a limit than any dead-band: nothing at the limit, and no reason to raise. */
const farMm = 100;

export function isFarBelow(station: NetworkStation, severity: 1 | 2 | 3, stageMm: number): boolean {
  return stageMm < (station.limitsMm[severity - 1] as number) - farMm;
}

type Pulse = { readonly atMin: number; readonly heightMm: number; readonly riseMin: number };

function stagesOf(station: NetworkStation, minutes: number, seed: string): Int32Array {
  const water = new Float64Array(minutes).fill(baseOf(station));
  if (station.kind === 'tide') addTide(water, station.id === 'tide-east' ? 0 : 40);
  else for (const pulse of pulsesOf(station, minutes, seed)) addPulse(water, pulse);
  addFlapping(water, station, seed);
  return Int32Array.from(water, Math.round);
}

function baseOf({ kind, limitsMm }: NetworkStation): number {
  if (kind === 'tide') return 1100;
  return kind === 'street' ? 0 : limitsMm[0] - 600;
}

/** Storms over a basin; what falls at the source comes to the stations below later, and lower. */
function pulsesOf(station: NetworkStation, minutes: number, seed: string): Pulse[] {
  const chance = prngOf(`${seed}/storms/${station.basin}`);
  const lag = { source: 0, upper: 90, middle: 225, lower: 405 }[station.id.slice(2)] ?? 60;
  const isStreet = station.kind === 'street';
  const pulses: Pulse[] = [];
  for (let atMin = 300; atMin < minutes; atMin += 600 + chance.below(2400)) {
    const strength = 0.3 + 0.9 * chance.next() ** 2;
    const heightMm = strength * (isStreet ? 900 : 2100 - lag);
    pulses.push({ atMin: atMin + lag, heightMm, riseMin: isStreet ? 15 : 60 + chance.below(120) + lag / 4 });
  }
  return pulses;
}

/** Rises within `riseMin`, falls over several times that: x·e^(1−x) of a gamma-shaped flood. */
function addPulse(water: Float64Array, { atMin, heightMm, riseMin }: Pulse): void {
  const from = Math.round(atMin);
  const to = Math.min(water.length, Math.round(atMin + 12 * riseMin));
  for (let minute = from; minute < to; minute += 1) {
    const x = (minute - atMin) / riseMin;
    water[minute] = (water[minute] as number) + (x > 0 ? heightMm * x * Math.exp(1 - x) : 0);
  }
}

/** A semi-diurnal tide (12.42 h) with springs and neaps (14.77 days). */
function addTide(water: Float64Array, lagMin: number): void {
  for (let minute = 0; minute < water.length; minute += 1) {
    const t = minute - lagMin;
    const range = 550 + 250 * Math.sin((2 * Math.PI * t) / (14.77 * 1440));
    water[minute] = (water[minute] as number) + range * Math.sin((2 * Math.PI * t) / (12.42 * 60));
  }
}

/** Now and then water stands at a limit and plays about it for hours, waves of minutes up to 6 cm high. */
function addFlapping(water: Float64Array, station: NetworkStation, seed: string): void {
  const chance = prngOf(`${seed}/flapping/${station.id}`);
  for (let from = 1000 + chance.below(6000); from < water.length; from += 6000 + chance.below(12_000)) {
    const lasts = 240 + chance.below(480);
    const limitMm = station.limitsMm[chance.below(2)] as number;
    const highMm = 10 + chance.below(50);
    const periodMin = 3 + chance.below(20);
    for (let minute = from; minute < Math.min(water.length, from + lasts); minute += 1) {
      const there = limitMm + highMm * Math.sin((2 * Math.PI * minute) / periodMin);
      const near = Math.min(1, Math.min(minute - from, from + lasts - minute) / 60);
      const now = water[minute] as number;
      if (now < limitMm) water[minute] = now + (there - now) * near;
    }
  }
}

function crossingsOf(station: NetworkStation, stageMm: Int32Array): Crossing[] {
  return ([1, 2, 3] as const)
    .flatMap((severity) => {
      const limitMm = station.limitsMm[severity - 1] as number;
      const found: { severity: 1 | 2 | 3; fromMin: number; toMin: number }[] = [];
      let armed = true;
      let open: { severity: 1 | 2 | 3; fromMin: number; toMin: number } | undefined;
      for (const [minute, stage] of stageMm.entries()) {
        const above = stage >= limitMm + surelyMm;
        if (above && armed) {
          open = { severity, fromMin: minute, toMin: minute + 1 };
          found.push(open);
          armed = false;
        } else if (above && open !== undefined) open.toMin = minute + 1;
        else if (stage < limitMm - rearmMm) {
          armed = true;
          open = undefined;
        }
      }
      return found;
    })
    .sort((a, b) => a.fromMin - b.fromMin);
}
