/**
 * DFRobot A02YYUW (SEN0311), UART output.
 *
 * Unit: mm. Range: 30–4500. Line: 9600 8N1, TTL. Frame: FF, high byte, low byte, and the low byte of
 * the three's sum. RX left high gives a filtered value each 100–300 ms, RX low a raw one each 100 ms.
 * Codes: none are documented. Readings at the upper limit mean nothing in range and those at the lower
 * limit a target too near: DFRobot's own library takes both as out of range.
 * The high byte never is FF (the range ends at 0x1194), so that FF FF is a stray start byte; the low byte may be.
 * Source: wiki.dfrobot.com, "A02YYUW Waterproof Ultrasonic Sensor SKU: SEN0311", UART output.
 */
import { Type } from 'typebox';
import type { FrameMatch } from '../serial/framer.ts';
import { type Decoded, gaugeSettings, type Sample, type SensorDriver } from './driver.ts';

export const name = 'dfrobot-a02yyuw';

export const configSchema = gaugeSettings(name, {
  /** Kept open for modules that end earlier than the data sheet says. */
  maxMm: Type.Optional(
    Type.Integer({ minimum: 500, maximum: 4500, description: 'Upper end of the range in mm, 4500 if not given' }),
  ),
});

const start = 0xff;
const frameLength = 4;
const minMm = 30;
const rangeEndMm = 4500;

export function create(config: { maxMm?: number }): SensorDriver {
  const maxMm = config.maxMm ?? rangeEndMm;
  const toSample = (distanceMm: number): Sample => {
    if (distanceMm === 0) return { echo: 'dead' };
    if (distanceMm === rangeEndMm) return { echo: 'none' };
    if (distanceMm === minMm) return { echo: 'blanking' };
    return { echo: 'seen', distanceMm };
  };
  return {
    baudRate: 9600,
    minMm,
    maxMm,
    blankingMm: minMm,
    medium: 'sound-compensated',
    noiseMm: 3,
    dialogue: {
      kind: 'speaks',
      frames: { maxLength: frameLength, match },
      decode: (frame): Decoded => ({
        kind: 'sample',
        sample: toSample(((frame[1] as number) << 8) | (frame[2] as number)),
      }),
    },
  };
}

function match(bytes: Uint8Array): FrameMatch {
  const [first, high, low, sum] = bytes;
  if (first !== start) return { kind: 'noise' };
  if (high === start) return { kind: 'noise' };
  if (high === undefined || low === undefined || sum === undefined) return { kind: 'more' };
  return ((first + high + low) & 0xff) === sum ? { kind: 'frame', length: frameLength } : { kind: 'bad' };
}
