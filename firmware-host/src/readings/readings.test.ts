import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as a02 from '../sensors/dfrobot-a02yyuw.ts';
import type { Sample } from '../sensors/driver.ts';
import * as hrxl from '../sensors/maxbotix-hrxl-wr.ts';
import { createFramer } from '../serial/framer.ts';
import { framed } from '../testing/dialogue.ts';
import { encodeA02Frame, encodeHrxlFrame } from '../testing/encoders.ts';
import { generator } from '../testing/generator.ts';
import { buildReading } from './build.ts';
import type { Burst } from './burst.ts';
import { filterBurst, median } from './filter.ts';
import { qcUnknown } from './qc/fold.ts';
import { qcRulesOf } from './qc/rules.ts';
import { noTemperature } from './sound.ts';

const driver = hrxl.create({ maxMm: 5000 });
const seen = (distanceMm: number): Sample => ({ echo: 'seen', distanceMm });
const stamp = { gauge: 'main', boot: 'b', intervalS: 60, maintenance: false, clock: 'synced' } as const;
const burst = (samples: Sample[], over: Partial<Burst> = {}): Burst => ({
  observedAtMs: 1,
  monoMs: 1,
  samples,
  bytes: samples.length * 6,
  badFrames: 0,
  discardedBytes: 0,
  ...over,
});
const read = (samples: Sample[], over: Partial<Burst> = {}, userSpan?: { minMm: number; maxMm: number }) => {
  const rules = qcRulesOf(userSpan ? { userSpan } : {}, driver);
  const before = { state: qcUnknown, air: noTemperature };
  return buildReading(burst(samples, over), { driver, pings: 7, rules }, before, stamp).draft.reading;
};

describe('a burst becomes a reading', () => {
  it('missing, not failed, where whole frames said nothing of the water: another sensor disturbs it', () => {
    expect(read([], { bytes: 28 })).toMatchObject({ distanceMm: null, echo: 'none', flag: 9, test: 'gap' });
    expect(read([], { bytes: 28, discardedBytes: 4 })).toMatchObject({ flag: 4, test: 'syntax' });
    expect(read([], { bytes: 28, badFrames: 1 })).toMatchObject({ flag: 4, test: 'syntax' });
    expect(read([], { bytes: 0, badFrames: 7 })).toMatchObject({ echo: 'dead', flag: 9, test: 'gap' });
  });
  it('median, spread and share of valid pings', () => {
    const samples = [1200, 1204, 1202, 4000, 1201].map(seen);
    expect(read(samples)).toMatchObject({
      distanceMm: 1202,
      spreadMm: 2,
      validPercent: 71,
      flag: 1,
      test: 'none',
      echo: 'seen',
    });
  });
  it('special codes vote', () => {
    const none: Sample = { echo: 'none' };
    const blanking: Sample = { echo: 'blanking' };
    const dead: Sample = { echo: 'dead' };
    expect(read([none, none, none, seen(1200)])).toMatchObject({
      distanceMm: null,
      echo: 'none',
      flag: 9,
      test: 'gap',
    });
    expect(read([blanking, blanking, seen(310)])).toMatchObject({ distanceMm: 300, echo: 'blanking', flag: 3 });
    expect(read([dead, dead, dead])).toMatchObject({ distanceMm: null, echo: 'dead', flag: 9, test: 'gap' });
    expect(read([none, none, seen(1200), seen(1201)])).toMatchObject({
      distanceMm: 1201,
      validPercent: 29,
      echo: 'seen',
    });
  });
  it('silence is a gap of a dead line; bytes without a frame are a syntax fault', () => {
    expect(read([], { bytes: 0 })).toMatchObject({
      distanceMm: null,
      echo: 'dead',
      flag: 9,
      test: 'gap',
      validPercent: 0,
    });
    expect(read([], { bytes: 40, badFrames: 3 })).toMatchObject({ distanceMm: null, flag: 4, test: 'syntax' });
  });
  it('beyond the sensor fails, beyond the place is suspect', () => {
    expect(read([seen(5001), seen(5002), seen(5003)])).toMatchObject({
      distanceMm: 5002,
      flag: 4,
      test: 'gross-range',
    });
    const place = { minMm: 1000, maxMm: 3000 };
    expect(read([seen(3001)], {}, place)).toMatchObject({ distanceMm: 3001, flag: 3, test: 'gross-range' });
    expect(read([seen(3000)], {}, place)).toMatchObject({ flag: 1 });
  });
  it('a lone ping counts on a clean line, and is not believed on a noisy one', () => {
    expect(read([seen(1200)])).toMatchObject({ distanceMm: 1200, flag: 1, validPercent: 14 });
    expect(read([seen(1200)], { badFrames: 5, discardedBytes: 20 })).toMatchObject({
      distanceMm: null,
      flag: 4,
      test: 'syntax',
    });
    expect(read([seen(1200), seen(2900)], { badFrames: 5, discardedBytes: 20 })).toMatchObject({
      distanceMm: null,
      flag: 4,
    });
    expect(read([seen(1200), seen(1203)], { badFrames: 5, discardedBytes: 20 })).toMatchObject({
      distanceMm: null,
      flag: 4,
    });
    expect(read([1200, 1203, 1201].map(seen), { badFrames: 4, discardedBytes: 20 })).toMatchObject({
      distanceMm: 1201,
      flag: 1,
    });
    // Questions without an answer say nothing against the answers.
    expect(read([seen(1200)], { badFrames: 6 })).toMatchObject({ distanceMm: 1200, flag: 1 });
  });
});

describe('median', () => {
  it('lies between the least and the most, and stands amid them', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9999 }), { minLength: 1, maxLength: 21 }), (values) => {
        const middle = median(values);
        expect(values.filter((value) => value <= middle).length * 2).toBeGreaterThanOrEqual(values.length);
        expect(values.filter((value) => value >= middle).length * 2).toBeGreaterThanOrEqual(values.length);
      }),
    );
  });
});

describe('one byte in ten at random', () => {
  const cases = [
    ['HRXL-WR', driver, encodeHrxlFrame, 6],
    ['A02YYUW', a02.create({}), encodeA02Frame, 4],
  ] as const;
  it.each(cases)('never moves a published value of the %s further than its noise', (_, sensor, encode, frameLength) => {
    const random = generator(20140130);
    let published = 0;
    for (let i = 0; i < 20_000; i++) {
      const framer = createFramer(framed(sensor).frames);
      const trueMm = 600 + Math.floor(random() * 3000);
      const frames = Array.from({ length: 7 }, () => encode(trueMm + Math.round((random() - 0.5) * 10)));
      const bytes = Uint8Array.from(
        frames.flatMap((frame) => [...frame].map((byte) => (random() < 0.1 ? Math.floor(random() * 256) : byte))),
      );
      const samples = framer.push(bytes).flatMap((frame) => {
        const decoded = framed(sensor).decode(frame);
        return decoded.kind === 'sample' ? [decoded.sample] : [];
      });
      const { heard } = filterBurst(
        { observedAtMs: 0, monoMs: 0, samples, bytes: 7 * frameLength, ...framer.counts() },
        sensor,
        7,
      );
      if (heard.kind === 'garbled') continue;
      published++;
      expect(heard.kind).toBe('seen');
      if (heard.kind === 'seen') expect(Math.abs(heard.distanceMm - trueMm)).toBeLessThanOrEqual(15);
    }
    expect(published).toBeGreaterThan(15_000);
  });
});
