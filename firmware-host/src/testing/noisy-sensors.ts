/** Every sensor as a trial of noise plays it, in each way in which its line differs. */
import type { GaugeConfig, SensorName } from '../sensors/index.ts';
import { encodeJsnFrame, encoders, encodeXlFrame } from './encoders.ts';
import type { NoisySensor } from './noise.ts';

const settings: Readonly<Record<SensorName, { readonly nothingMm: number; readonly own?: object }>> = {
  'maxbotix-hrxl-wr': { nothingMm: 5000, own: { maxMm: 5000 } },
  'maxbotix-xl-wr': { nothingMm: 7650 },
  'dfrobot-a02yyuw': { nothingMm: 4500 },
  'dfrobot-a01nyub': { nothingMm: 7500 },
  'dfrobot-sen0754': { nothingMm: 0xfffd },
  'jsn-sr04t': { nothingMm: 6000, own: { mode: 'automatic' } },
  'senix-toughsonic': { nothingMm: 4400, own: { maxMm: 4300, blankingMm: 100 } },
  'dfrobot-sen0676': { nothingMm: 10_000 },
  'geolux-lx80': { nothingMm: 15_000, own: { maxMm: 15_000 } },
};

const variants: readonly {
  name: string;
  sensor: SensorName;
  own: object;
  nothingMm: number;
  encode(mm: number): Uint8Array;
}[] = [
  {
    name: 'maxbotix-hrxl-wr 10 m',
    sensor: 'maxbotix-hrxl-wr',
    own: { maxMm: 10_000 },
    nothingMm: 9999,
    encode: encoders['maxbotix-hrxl-wr'],
  },
  {
    name: 'maxbotix-xl-wr MB7066',
    sensor: 'maxbotix-xl-wr',
    own: { type: 'MB7066' },
    nothingMm: 10_680,
    encode: (mm) => encodeXlFrame(Math.round(mm / 10), 4),
  },
  {
    name: 'jsn-sr04t triggered',
    sensor: 'jsn-sr04t',
    own: { mode: 'triggered' },
    nothingMm: 6000,
    encode: encoders['jsn-sr04t'],
  },
  {
    name: 'jsn-sr04t clone',
    sensor: 'jsn-sr04t',
    own: { mode: 'automatic', checksum: 'without-start' },
    nothingMm: 6000,
    encode: (mm) => encodeJsnFrame(mm, 'without-start'),
  },
];

export const noisySensors: readonly (NoisySensor & { readonly name: string })[] = [
  ...(Object.keys(settings) as SensorName[]).map((sensor) => {
    const { nothingMm, own } = settings[sensor];
    return { name: sensor, config: configOf(sensor, own), encode: encoders[sensor], nothingMm };
  }),
  ...variants.map(({ name, sensor, own, nothingMm, encode }) => ({
    name,
    config: configOf(sensor, own),
    encode,
    nothingMm,
  })),
];

function configOf(sensor: SensorName, own: object = {}): GaugeConfig {
  return { gauge: 'main', port: '/dev/null', sensor, ...own } as GaugeConfig;
}
