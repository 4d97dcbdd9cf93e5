import type { GaugeConfig } from '@siaga/firmware-host';
import { encodeJsnFrame, encoders, jsnTrigger, modbusResponder } from '@siaga/firmware-host/testing';

/** One range in which a sensor is sold. */
export type SensorType = {
  /** As the agent's settings name it. */
  readonly maxMm: number;
  /** Anything nearer reads as this. */
  readonly blankingMm: number;
  /** What it says when nothing is in range. */
  readonly nothingMm: number;
};

/** Takes bytes as they come and gives the questions' answers; `distanceMm` is what the sensor sees by then. */
export type Ear = (bytes: Uint8Array, distanceMm: () => number | null) => Uint8Array[];

/** What a simulated gauge must know of the instrument that it plays. */
export type SimulatedSensor = {
  readonly name: string;
  /** Smallest range first. */
  readonly types: readonly [SensorType, ...SensorType[]];
  readonly rateHz: number;
  /** The exact bytes of one frame; whole mm. */
  encode(distanceMm: number): Uint8Array;
  /** A sensor that speaks only when it is asked: how it takes what it is sent. Absent: it speaks by itself. */
  readonly ear?: () => Ear;
  /** The agent's settings for a gauge of this model and range. */
  configOf(gauge: string, port: string, type: SensorType): GaugeConfig;
};

/** The instruments the simulator can play. Rates, spans and codes: see the agent's drivers and docs/sensors.md. */
export const sensors: readonly SimulatedSensor[] = [
  {
    name: 'maxbotix-hrxl-wr',
    // MB7369 and MB7389 see 5 m, MB7366 and MB7386 10 m.
    types: [
      { maxMm: 5000, blankingMm: 300, nothingMm: 5000 },
      { maxMm: 10_000, blankingMm: 500, nothingMm: 9999 },
    ],
    rateHz: 6.67,
    encode: encoders['maxbotix-hrxl-wr'],
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
    encode: encoders['dfrobot-a02yyuw'],
    configOf: (gauge, port, { maxMm }) => ({ gauge, port, sensor: 'dfrobot-a02yyuw', maxMm }),
  },
  {
    name: 'maxbotix-xl-wr',
    types: [{ maxMm: 7650, blankingMm: 200, nothingMm: 7650 }],
    rateHz: 10,
    encode: encoders['maxbotix-xl-wr'],
    configOf: (gauge, port) => ({ gauge, port, sensor: 'maxbotix-xl-wr' }),
  },
  {
    name: 'dfrobot-a01nyub',
    types: [{ maxMm: 7500, blankingMm: 280, nothingMm: 7500 }],
    rateHz: 6.67,
    encode: encoders['dfrobot-a01nyub'],
    configOf: (gauge, port) => ({ gauge, port, sensor: 'dfrobot-a01nyub' }),
  },
  {
    name: 'dfrobot-sen0754',
    types: [{ maxMm: 3000, blankingMm: 30, nothingMm: 3000 }],
    rateHz: 10,
    encode: encoders['dfrobot-sen0754'],
    configOf: (gauge, port) => ({ gauge, port, sensor: 'dfrobot-sen0754' }),
  },
  {
    name: 'jsn-sr04t',
    types: [{ maxMm: 6000, blankingMm: 200, nothingMm: 6000 }],
    rateHz: 10,
    encode: encoders['jsn-sr04t'],
    configOf: (gauge, port) => ({ gauge, port, sensor: 'jsn-sr04t', mode: 'automatic' }),
  },
  {
    name: 'jsn-sr04t-triggered',
    types: [{ maxMm: 6000, blankingMm: 200, nothingMm: 6000 }],
    rateHz: 10,
    encode: encodeJsnFrame,
    ear: () => (bytes, distanceMm) =>
      [...bytes].flatMap((byte) => {
        const seen = byte === jsnTrigger ? distanceMm() : null;
        return seen === null ? [] : [encodeJsnFrame(seen)];
      }),
    configOf: (gauge, port) => ({ gauge, port, sensor: 'jsn-sr04t', mode: 'triggered' }),
  },
  {
    name: 'senix-toughsonic',
    types: [{ maxMm: 4300, blankingMm: 100, nothingMm: 4300 }],
    rateHz: 5,
    encode: encoders['senix-toughsonic'],
    ear: registerEar(0x020e, (distanceMm) => Math.round(distanceMm / 0.0859536)),
    configOf: (gauge, port, { maxMm, blankingMm }) => ({ gauge, port, sensor: 'senix-toughsonic', maxMm, blankingMm }),
  },
  {
    name: 'dfrobot-sen0676',
    types: [{ maxMm: 10_000, blankingMm: 150, nothingMm: 10_000 }],
    rateHz: 5,
    encode: encoders['dfrobot-sen0676'],
    ear: registerEar(0x0001),
    configOf: (gauge, port) => ({ gauge, port, sensor: 'dfrobot-sen0676' }),
  },
  {
    name: 'geolux-lx80',
    types: [{ maxMm: 15_000, blankingMm: 200, nothingMm: 15_000 }],
    rateHz: 1,
    encode: encoders['geolux-lx80'],
    ear: registerEar(0x0000),
    configOf: (gauge, port) => ({ gauge, port, sensor: 'geolux-lx80', maxMm: 15_000 }),
  },
];

/** Unit 1 on Modbus with one register. A dropout answers nothing. */
function registerEar(register: number, countsOf = (distanceMm: number) => distanceMm): () => Ear {
  return () => {
    let seen: number | null = null;
    const respond = modbusResponder(1, (address) => (address === register ? countsOf(seen ?? 0) : undefined));
    return (bytes, distanceMm) => {
      seen = distanceMm();
      const answers = respond(bytes);
      return seen === null ? [] : answers;
    };
  };
}

/** Why the sensor cannot be played in bursts at chosen times; undefined when it can. */
export function whyNoBursts({ name, ear }: SimulatedSensor): string | undefined {
  return ear ? `a ${name} speaks only when it is asked, so that no record can be played through it` : undefined;
}

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
