/**
 * MaxBotix XL-MaxSonar-WR (MB7060–MB7092), serial output.
 *
 * Unit: cm. Range: 20–765 in steps of 1 cm. Blanking: 20 cm, which anything nearer reads too.
 * Line: 9600 8N1, 0 V to Vcc but inverted (RS232's sense at TTL's voltage): it needs an inverter, or an RS232 adapter
 * that is content with 0 V. Frame: `R`, three digits, carriage return; no checksum. 5–10 frames a second.
 * `type: MB7066` (XL-MaxSonar-WRL1) sends four digits, still in cm, and reaches 10 m.
 * Units cannot be guessed from digits: the LV family sends three digits in inches. Take this driver for XL types only.
 * Codes: 765 (MB7066: 1068) is the end of the range: nothing seen; 20 or less is inside blanking; 000 the transducer
 * gives no sign of life. It prints no name after power-up that we know of.
 * Source: MaxBotix data sheets XL-MaxSonar-WR/WRC (MB7060, MB7062, MB7092), "Pin 5, serial output" and "Range".
 * Assumed: for MB7066 that its four digits are cm and end at 1068; 000 for a dead transducer, as with the HRXL; no
 * compensation for temperature (the data sheet names none); a scatter of less than its step.
 */
import { type Static, Type } from 'typebox';
import { type Decoded, gaugeSettings, type Sample, type SensorDriver } from './driver.ts';
import { matchRange, rangeOf } from './lines/r-digits.ts';

export const name = 'maxbotix-xl-wr';

export const configSchema = gaugeSettings(name, {
  type: Type.Optional(
    Type.Union([Type.Literal('MB7062'), Type.Literal('MB7092'), Type.Literal('MB7066')], {
      description: 'MB7062 (the default) and MB7092: three digits, to 7.65 m; MB7066: four digits, to 10.68 m',
    }),
  ),
});

const mmPerCm = 10;
const blankingCm = 20;
const types = {
  MB7062: { digits: 3, endCm: 765 },
  MB7092: { digits: 3, endCm: 765 },
  MB7066: { digits: 4, endCm: 1068 },
} as const;

export function create({ type = 'MB7062' }: Pick<Static<typeof configSchema>, 'type'>): SensorDriver {
  const { digits, endCm } = types[type];
  const toSample = (rangeCm: number): Sample => {
    if (rangeCm === 0) return { echo: 'dead' };
    if (rangeCm === endCm) return { echo: 'none' };
    if (rangeCm <= blankingCm) return { echo: 'blanking' };
    return { echo: 'seen', distanceMm: rangeCm * mmPerCm };
  };
  return {
    baudRate: 9600,
    minMm: blankingCm * mmPerCm,
    maxMm: endCm * mmPerCm,
    blankingMm: blankingCm * mmPerCm,
    medium: 'sound',
    noiseMm: 5,
    resolutionMm: mmPerCm,
    proof: 'none',
    dialogue: {
      kind: 'speaks',
      frames: { maxLength: digits + 2, match: (bytes) => matchRange(bytes, digits) },
      decode: (frame): Decoded => ({ kind: 'sample', sample: toSample(rangeOf(frame)) }),
    },
  };
}
