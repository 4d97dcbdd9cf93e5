import { describe, expect, it } from 'vitest';
import { encoders } from '../testing/encoders.ts';
import { heardAt } from '../testing/uart.ts';
import { createRecentBytes, isPatterned } from './speed.ts';
import { commonBauds } from './sweep.ts';

const frames = (encode: (distanceMm: number) => Uint8Array) =>
  Buffer.concat(Array.from({ length: 60 }, (_, i) => encode(1_500 + (i % 7))));

describe('bytes at a wrong speed', () => {
  it('a UART at the right speed hears what was sent', () => {
    const sent = frames(encoders['maxbotix-hrxl-wr']);
    expect(Buffer.from(heardAt(sent, 9_600, 9_600))).toEqual(sent);
  });
  it.each(['maxbotix-hrxl-wr', 'dfrobot-a02yyuw'] as const)('are known by their pattern: %s', (sensor) => {
    for (const baud of commonBauds) {
      const heard = heardAt(frames(encoders[sensor]), 9_600, baud).subarray(0, 128);
      if (heard.length >= 32) expect({ baud, patterned: isPatterned(heard) }).toEqual({ baud, patterned: true });
    }
  });
  it('noise has no pattern', () => {
    let state = 7;
    const noise = Uint8Array.from({ length: 128 }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state >>> 24;
    });
    expect(isPatterned(noise)).toBe(false);
    expect(isPatterned(noise.subarray(0, 40))).toBe(false);
  });
  it('too few bytes are no pattern', () => {
    expect(isPatterned(new Uint8Array(20))).toBe(false);
  });
  it('only the newest are kept', () => {
    const recent = createRecentBytes(4);
    recent.push(Uint8Array.of(1, 2, 3));
    recent.push(Uint8Array.of(4, 5));
    expect([...recent.all()]).toEqual([2, 3, 4, 5]);
  });
});
