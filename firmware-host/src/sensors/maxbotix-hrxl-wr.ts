/**
 * MaxBotix HRXL-MaxSonar-WR (MB7360–MB7389), serial output.
 *
 * Unit: mm. Range: 300–5000 (the 10 m types MB7366, MB7386 and their like: 500–9999). Blanking: 300 (10 m: 500).
 * Line: 9600 8N1, RS232 (MB736x) or TTL (MB738x). Frame: `R`, four digits, carriage return; no checksum.
 * 6–7.5 frames a second, filtered inside over about 0.7 s.
 * Codes: at or below the blanking distance the target is too near to be measured; 5000 (5 m types) or
 * 9999 (10 m types): no target in range; 0000: the transducer gives no sign of life (seen in the field).
 * After power-up it tells its name in text lines (`PN:MB7386`, `TempI`): identity, never data. A name that
 * contradicts `maxMm` is told as a problem: read by the wrong type, "nothing in range" becomes a distance.
 * Source: MaxBotix data sheet PD11500, HRXL-MaxSonar-WR series, "Pin 5, serial output", "Range" and "Timing".
 * Assumed: the 500 mm of the 10 m types; 0000 for a dead transducer (FloodNet's parser takes it so); a scatter of 1 mm.
 */
import { type Static, Type } from 'typebox';
import type { FrameMatch } from '../serial/framer.ts';
import { type Decoded, gaugeSettings, type Sample, type SensorDriver } from './driver.ts';
import { beginsRange, carriageReturn, matchRange, rangeOf } from './lines/r-digits.ts';

export const name = 'maxbotix-hrxl-wr';

export const configSchema = gaugeSettings(name, {
  maxMm: Type.Union([Type.Literal(5000), Type.Literal(10_000)], {
    description: "The type's range in mm: 5000, or 10000 for MB7366, MB7386 and their like",
  }),
});

const blankingByRange = { 5000: 300, 10000: 500 } as const;
/** Either type may say this when nothing is in range; a 5 m type also says 5000. */
const noTargetMm = 9999;

/** Ranges of the types in the data sheet; another type's name is told without a judgement. */
const rangeByType: Readonly<Record<string, 5000 | 10_000>> = {
  ...Object.fromEntries(['60', '67', '69', '80', '87', '89'].map((end) => [`MB73${end}`, 5000 as const])),
  ...Object.fromEntries(['63', '66', '68', '83', '86', '88'].map((end) => [`MB73${end}`, 10_000 as const])),
};

const digits = 4;
const maxLineLength = 24;
const identities = ['PN:', 'Temp'].map((text) => new TextEncoder().encode(text));

export function create(config: Pick<Static<typeof configSchema>, 'maxMm'>): SensorDriver {
  const blankingMm = blankingByRange[config.maxMm];
  const maxMm = Math.min(config.maxMm, noTargetMm);
  const toSample = (rangeMm: number): Sample => {
    if (rangeMm === 0) return { echo: 'dead' };
    if (rangeMm === noTargetMm || rangeMm === maxMm) return { echo: 'none' };
    if (rangeMm <= blankingMm) return { echo: 'blanking' };
    return { echo: 'seen', distanceMm: rangeMm };
  };
  return {
    baudRate: 9600,
    minMm: blankingMm,
    maxMm,
    blankingMm,
    medium: 'sound-compensated',
    noiseMm: 1,
    proof: 'none',
    dialogue: {
      kind: 'speaks',
      frames: { maxLength: maxLineLength, match },
      decode: (frame): Decoded =>
        beginsRange(frame)
          ? { kind: 'sample', sample: toSample(rangeOf(frame)) }
          : identified(String.fromCharCode(...frame.subarray(0, -1)), config.maxMm),
    },
  };
}

function match(bytes: Uint8Array): FrameMatch {
  return beginsRange(bytes) ? matchRange(bytes, digits) : matchIdentity(bytes);
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

/** What a line of the banner says: a name, or a name that the settings contradict. */
function identified(text: string, maxMm: 5000 | 10_000): Decoded {
  const type = /^PN: ?(MB\d{4})/.exec(text)?.[1] ?? '';
  const rangeMm = rangeByType[type];
  if (rangeMm === undefined || rangeMm === maxMm) return { kind: 'identity', text };
  return { kind: 'problem', text: `${text} reaches ${rangeMm / 1000} m: set maxMm to ${rangeMm}, it is ${maxMm}` };
}
