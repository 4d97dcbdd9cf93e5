/**
 * MaxBotix HRXL-MaxSonar-WR (MB7360–MB7389), serial output.
 *
 * Unit: mm. Range: 300–5000 (the 10 m types MB7366, MB7386 and their like: 500–9999).
 * Line: 9600 8N1, RS232 or TTL by type. Frame: `R`, four digits, carriage return; no checksum.
 * Codes: at or below the blanking distance the target is too near to be measured; 5000 (5 m types) or
 * 9999 (10 m types): no target in range; 0000: the transducer gives no sign of life (seen in the field).
 * After power-up it tells its name in text lines (`PN:MB7386`, `TempI`): identity, never data.
 * Source: MaxBotix data sheet PD11500, HRXL-MaxSonar-WR series, "Pin 5, serial output" and "Range".
 */
import { type Static, Type } from 'typebox';
import type { FrameMatch } from '../serial/framer.ts';
import { type Decoded, gaugeSettings, type Sample, type SensorDriver } from './driver.ts';

export const name = 'maxbotix-hrxl-wr';

export const configSchema = gaugeSettings(name, {
  maxMm: Type.Union([Type.Literal(5000), Type.Literal(10_000)], {
    description: "The type's range in mm: 5000, or 10000 for MB7366, MB7386 and their like",
  }),
});

const blankingByRange = { 5000: 300, 10000: 500 } as const;
/** Either type may say this when nothing is in range; a 5 m type also says 5000. */
const noTargetMm = 9999;

const letterR = 0x52;
const carriageReturn = 0x0d;
const frameLength = 6;
const maxLineLength = 24;
const identities = ['PN:', 'Temp'].map((text) => new TextEncoder().encode(text));

export function create(config: Pick<Static<typeof configSchema>, 'maxMm'>): SensorDriver {
  const blankingMm = blankingByRange[config.maxMm];
  const maxMm = Math.min(config.maxMm, noTargetMm);
  const toSample = (rangeMm: number): Sample => {
    if (rangeMm === 0) return { echo: 'dead' };
    if (rangeMm === noTargetMm || rangeMm === maxMm) return { echo: 'none' };
    if (rangeMm === blankingMm) return { echo: 'blanking' };
    return { echo: 'seen', distanceMm: rangeMm };
  };
  return {
    baudRate: 9600,
    minMm: blankingMm,
    maxMm,
    blankingMm,
    medium: 'sound-compensated',
    noiseMm: 1,
    dialogue: {
      kind: 'speaks',
      frames: { maxLength: maxLineLength, match },
      decode: (frame): Decoded =>
        isRange(frame)
          ? { kind: 'sample', sample: toSample(rangeOf(frame)) }
          : { kind: 'identity', text: String.fromCharCode(...frame.subarray(0, -1)) },
    },
  };
}

function match(bytes: Uint8Array): FrameMatch {
  return bytes[0] === letterR ? matchRange(bytes) : matchIdentity(bytes);
}

function matchRange(bytes: Uint8Array): FrameMatch {
  for (let i = 1; i < frameLength; i++) {
    const byte = bytes[i];
    if (byte === undefined) return { kind: 'more' };
    const expected = i === frameLength - 1 ? byte === carriageReturn : isDigit(byte);
    // A lone letter R (as in the banner's "RoHS") is noise; with a digit behind it, it was a frame once.
    if (!expected) return { kind: i === 1 ? 'noise' : 'bad' };
  }
  return { kind: 'frame', length: frameLength };
}

function matchIdentity(bytes: Uint8Array): FrameMatch {
  const begins = identities.some((text) => text.every((letter, i) => i >= bytes.length || bytes[i] === letter));
  if (!begins) return { kind: 'noise' };
  const end = bytes.indexOf(carriageReturn);
  const line = end < 0 ? bytes : bytes.subarray(0, end);
  if (!line.every((byte) => byte >= 0x20 && byte < 0x7f)) return { kind: 'noise' };
  if (end >= 0) return { kind: 'frame', length: end + 1 };
  return bytes.length < maxLineLength ? { kind: 'more' } : { kind: 'noise' };
}

function isRange(frame: Uint8Array): boolean {
  return frame[0] === letterR;
}

function rangeOf(frame: Uint8Array): number {
  return frame.subarray(1, frameLength - 1).reduce((sum, digit) => sum * 10 + digit - 0x30, 0);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
