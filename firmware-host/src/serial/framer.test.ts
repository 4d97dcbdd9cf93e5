import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as a02 from '../sensors/dfrobot-a02yyuw.ts';
import * as hrxl from '../sensors/maxbotix-hrxl-wr.ts';
import { framed } from '../testing/dialogue.ts';
import { encodeA02Frame, encodeHrxlFrame } from '../testing/encoders.ts';
import { createFramer, type FrameRule } from './framer.ts';

const rules: Record<string, FrameRule> = {
  hrxl: framed(hrxl.create({ maxMm: 5000 })).frames,
  a02: framed(a02.create({})).frames,
};
const bytesOf = (text: string) => new TextEncoder().encode(text);

describe('HRXL-WR frames', () => {
  const cut = (text: string) => {
    const framer = createFramer(framed(hrxl.create({ maxMm: 5000 })).frames);
    const frames = framer.push(bytesOf(text)).map((frame) => String.fromCharCode(...frame));
    const { badFrames, discardedBytes } = framer.counts();
    return { frames, badFrames, discardedBytes, pending: framer.pendingBytes() };
  };
  it('cuts whole frames and keeps the torn one', () => {
    expect(cut('R1234\rR0987\rR12')).toMatchObject({ frames: ['R1234\r', 'R0987\r'], badFrames: 0, pending: 3 });
  });
  it('finds the frame that begins inside a broken one', () => {
    expect(cut('R12R1234\r')).toEqual({ frames: ['R1234\r'], badFrames: 1, discardedBytes: 3, pending: 0 });
    expect(cut('RR1234\r')).toEqual({ frames: ['R1234\r'], badFrames: 0, discardedBytes: 1, pending: 0 });
  });
  it('counts a frame with too many or too few digits as bad', () => {
    expect(cut('R123\r')).toMatchObject({ frames: [], badFrames: 1, discardedBytes: 5 });
    expect(cut('R12345\r')).toMatchObject({ frames: [], badFrames: 1, discardedBytes: 7 });
  });
  it('takes the lines that name the sensor and no other text', () => {
    expect(cut('HRXL-MaxSonar-WR\rPN:MB7386\rRoHS 1.8b\rTempI\rR1500\r').frames).toEqual([
      'PN:MB7386\r',
      'TempI\r',
      'R1500\r',
    ]);
  });
  it('does not wait for ever for the end of a line', () => {
    expect(cut(`PN:${'x'.repeat(40)}R1500\r`).frames).toEqual(['R1500\r']);
  });
});

describe('A02YYUW frames', () => {
  const cut = (...bytes: number[]) => {
    const framer = createFramer(framed(a02.create({})).frames);
    const frames = framer.push(Uint8Array.from(bytes)).map((frame) => [...frame]);
    return { ...framer.counts(), frames };
  };
  it('passes over stray start bytes', () => {
    expect(cut(0xff, 0xff, 0xff, 0x07, 0xa1, 0xa7)).toEqual({
      frames: [[0xff, 0x07, 0xa1, 0xa7]],
      badFrames: 0,
      discardedBytes: 2,
    });
  });
  it('accepts FF as low byte and as sum', () => {
    expect(cut(0xff, 0x05, 0xff, 0x03).frames).toEqual([[0xff, 0x05, 0xff, 0x03]]);
    expect(cut(0xff, 0x01, 0xff, 0xff).frames).toEqual([[0xff, 0x01, 0xff, 0xff]]);
  });
  it('shifts one byte after a wrong sum', () => {
    // The broken frame's third byte begins the whole one.
    expect(cut(0xff, 0x07, 0xff, 0x07, 0xa1, 0xa7)).toMatchObject({
      frames: [[0xff, 0x07, 0xa1, 0xa7]],
      badFrames: 1,
      discardedBytes: 2,
    });
  });
});

describe.each(Object.entries(rules))('%s: any bytes', (name, rule) => {
  const frame = name === 'hrxl' ? encodeHrxlFrame : encodeA02Frame;
  const stream = fc
    .array(fc.oneof(fc.uint8Array({ maxLength: 9 }), fc.integer({ min: 30, max: 4500 }).map(frame)), { maxLength: 40 })
    .map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])));

  it('gives the same frames however they are cut', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 20 }), (bytes, sizes) => {
        const whole = createFramer(rule);
        const inOne = whole.push(bytes);
        const pieces = createFramer(rule);
        const inPieces: Uint8Array[] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % sizes.length] as number;
          inPieces.push(...pieces.push(bytes.subarray(at, at + size)));
          at += size;
        }
        expect(inPieces).toEqual(inOne);
        expect(pieces.counts()).toEqual(whole.counts());
      }),
    );
  });
  it('accounts for every byte and holds back less than a frame', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        const framer = createFramer(rule);
        const kept = framer.push(bytes).reduce((sum, found) => sum + found.length, 0);
        expect(kept + framer.counts().discardedBytes + framer.pendingBytes()).toBe(bytes.length);
        expect(framer.pendingBytes()).toBeLessThan(rule.maxLength);
      }),
    );
  });
});
