import type { GaugeConfig } from '@siaga/firmware-host';
import { encodeA02Frame, encodeHrxlFrame } from '@siaga/firmware-host/testing';

/** One range in which a sensor is sold. */
export type SensorType = {
  /** As the agent's settings name it. */
  readonly maxMm: number;
  /** Anything nearer reads as this. */
  readonly blankingMm: number;
  /** What it says when nothing is in range. */
  readonly nothingMm: number;
};

/** What a simulated gauge must know of the instrument that it plays. */
export type SimulatedSensor = {
  readonly name: string;
  /** Smallest range first. */
  readonly types: readonly [SensorType, ...SensorType[]];
  readonly rateHz: number;
  /** The exact bytes of one frame; whole mm. */
  encode(distanceMm: number): Uint8Array;
  /** The agent's settings for a gauge of this model and range. */
  configOf(gauge: string, port: string, type: SensorType): GaugeConfig;
};

/** The instruments the simulator can play. Rates and spans: MaxBotix PD11500 (HRXL-WR), DFRobot SEN0311 (A02YYUW). */
export const sensors: readonly SimulatedSensor[] = [
  {
    name: 'maxbotix-hrxl-wr',
    // MB7369 and MB7389 see 5 m, MB7366 and MB7386 10 m.
    types: [
      { maxMm: 5000, blankingMm: 300, nothingMm: 5000 },
      { maxMm: 10_000, blankingMm: 500, nothingMm: 9999 },
    ],
    rateHz: 6.67,
    encode: encodeHrxlFrame,
    configOf: (gauge, port, { maxMm }) => ({
      gauge,
      port,
      sensor: 'maxbotix-hrxl-wr',
      maxMm: maxMm === 5000 ? 5000 : 10_000,
    }),
  },
  {
    name: 'dfrobot-a02yyuw',
    types: [{ maxMm: 4500, blankingMm: 30, nothingMm: 4500 }],
    rateHz: 10,
    encode: encodeA02Frame,
    configOf: (gauge, port, { maxMm }) => ({ gauge, port, sensor: 'dfrobot-a02yyuw', maxMm }),
  },
];

/** The sensor of that name. Throws, naming the known ones, when there is none. */
export function sensorNamed(name: string): SimulatedSensor {
  const found = sensors.find((sensor) => sensor.name === name);
  if (found !== undefined) return found;
  throw new Error(`sensor: "${name}" is none of ${sensors.map((sensor) => sensor.name).join(', ')}`);
}

/** Left between water and the ends of a sensor's span, so that noise does not push a sample out of it. */
export const marginMm = 150;

/** The smallest type whose span holds every distance from nearest to farthest; undefined when none does. */
export function typeFor(sensor: SimulatedSensor, nearestMm: number, farthestMm: number): SensorType | undefined {
  return sensor.types.find(
    ({ blankingMm, nothingMm }) => nearestMm >= blankingMm + marginMm && farthestMm <= nothingMm - marginMm,
  );
}

/** What a sensor says to a distance: whole mm, held between blanking and "nothing seen". */
export function seenMm(type: SensorType, distanceMm: number): number {
  return Math.min(type.nothingMm, Math.max(type.blankingMm, Math.round(distanceMm)));
}
