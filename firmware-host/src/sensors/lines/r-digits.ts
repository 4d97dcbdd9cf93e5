/** MaxBotix's line of text: `R`, a fixed number of digits, carriage return; nothing guards it against a disturbed line. */
import type { FrameMatch } from '../../serial/framer.ts';

const letterR = 0x52;
export const carriageReturn = 0x0d;

export function beginsRange(bytes: Uint8Array): boolean {
  return bytes[0] === letterR;
}

export function matchRange(bytes: Uint8Array, digits: number): FrameMatch {
  if (!beginsRange(bytes)) return { kind: 'noise' };
  for (let i = 1; i <= digits + 1; i++) {
    const byte = bytes[i];
    if (byte === undefined) return { kind: 'more' };
    const expected = i > digits ? byte === carriageReturn : isDigit(byte);
    // A lone letter R (as in a banner's "RoHS") is noise; with a digit behind it, it was a frame once.
    if (!expected) return { kind: i === 1 ? 'noise' : 'bad' };
  }
  return { kind: 'frame', length: digits + 2 };
}

/** The number in a frame. */
export function rangeOf(frame: Uint8Array): number {
  return frame.subarray(1, -1).reduce((sum, digit) => sum * 10 + digit - 0x30, 0);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
