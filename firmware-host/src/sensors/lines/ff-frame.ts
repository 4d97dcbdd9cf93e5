/**
 * The frame of a family of sensors (DFRobot's, DYP's, JSN-SR04T and its clones): FF, high byte, low byte, and
 * the low byte of a sum; whole mm.
 *
 * None of them sees as far as 16 m, so that FF FF (or FF C0) is a stray start byte, which such sensors do send, and
 * most of what a disturbed line makes up is no frame whatever its sum; the low byte may be FF. A sensor with codes of
 * its own up there names them.
 */
import type { FrameMatch, FrameRule } from '../../serial/framer.ts';
import type { Sample } from '../driver.ts';

const start = 0xff;
const frameLength = 4;
/** Of the high byte: 16383 mm. */
const highest = 0x3f;

export type FfVariant = {
  /** What is summed: the start byte too, as the data sheets say, or only the two that follow (some clones). */
  readonly sum?: 'with-start' | 'without-start';
  /** Values from 4000 on (hexadecimal) that this sensor uses as codes. */
  readonly codes?: readonly number[];
};

export function ffFrames({ sum = 'with-start', codes = [] }: FfVariant = {}): FrameRule {
  const begin = sum === 'with-start' ? start : 0;
  const mayBeCode = (high: number, low: number | undefined): boolean =>
    codes.some((code) => code >> 8 === high && (low === undefined || (code & 0xff) === low));
  const match = (bytes: Uint8Array): FrameMatch => {
    const [first, high, low, check] = bytes;
    if (first !== start) return { kind: 'noise' };
    if (high !== undefined && high > highest && !mayBeCode(high, low)) return { kind: 'noise' };
    if (high === undefined || low === undefined || check === undefined) return { kind: 'more' };
    return ((begin + high + low) & 0xff) === check ? { kind: 'frame', length: frameLength } : { kind: 'bad' };
  };
  return { maxLength: frameLength, match };
}

/** The number in a frame. */
export function ffValue(frame: Uint8Array): number {
  return ((frame[1] as number) << 8) | (frame[2] as number);
}

/**
 * What a distance says. Makers name no codes, but their own libraries refuse what lies at the limits or beyond:
 * the far one is said when nothing is in range, the near one when the target stands inside the blanking distance.
 * 0 comes when no echo was found at all (open space, or a covered transducer).
 */
export function ffSample(valueMm: number, { minMm, rangeEndMm }: { minMm: number; rangeEndMm: number }): Sample {
  if (valueMm === 0 || valueMm >= rangeEndMm) return { echo: 'none' };
  return valueMm <= minMm ? { echo: 'blanking' } : { echo: 'seen', distanceMm: valueMm };
}
