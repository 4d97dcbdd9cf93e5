import { clockStates, echoes, qcTests, type Reading } from '@siaga/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dayMs, decodeRun, encodeRun } from './run-codec.ts';

const day = 20_000;
const anyCorrection = fc.option(
  fc.integer({ min: -10_000, max: 10_000 }).filter((mm) => mm !== 0),
  { nil: undefined },
);
const anyReading = fc.record({
  observedAtMs: fc.integer({ min: day * dayMs, max: (day + 1) * dayMs - 1 }),
  distanceMm: fc.option(fc.integer({ min: -100_000, max: 100_000 })),
  echo: fc.constantFrom(...echoes),
  spreadMm: fc.option(fc.integer({ min: 0, max: 100_000 })),
  validPercent: fc.integer({ min: 0, max: 100 }),
  temperatureDeciC: fc.option(fc.integer({ min: -1000, max: 1000 })),
  flag: fc.constantFrom(1 as const, 2 as const, 3 as const, 4 as const, 9 as const),
  test: fc.constantFrom(...qcTests),
  clock: fc.constantFrom(...clockStates),
});

test('decode ∘ encode is identity', () => {
  const head = fc.record({
    gaugeNo: fc.nat(),
    bootNo: fc.nat(),
    intervalS: fc.integer({ min: 1, max: 86_400 }),
    maintenance: fc.boolean(),
  });
  const firstSeq = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 100 });
  const anyRun = fc.oneof(
    fc.array(fc.tuple(anyReading, fc.constant(undefined)), { minLength: 1, maxLength: 60 }),
    fc.array(fc.tuple(anyReading, anyCorrection), { minLength: 1, maxLength: 60 }),
  );
  fc.assert(
    fc.property(head, firstSeq, anyRun, (said, first, values) => {
      const readings = values.map(
        ([value, correctionMm], i): Reading => ({
          ...value,
          ...(correctionMm === undefined ? {} : { correctionMm }),
          seq: first + i,
        }),
      );
      const body = encodeRun(said, readings).slice();
      expect(decodeRun(body, day, first, readings.length)).toEqual({ head: said, readings });
    }),
    { numRuns: 300 },
  );
});

test('a quiet hour costs a few bytes a reading', () => {
  const readings: Reading[] = Array.from({ length: 60 }, (_, i) => ({
    seq: i + 1,
    observedAtMs: day * dayMs + i * 60_000,
    distanceMm: 2000 + (i % 5),
    echo: 'seen',
    spreadMm: 3,
    validPercent: 100,
    temperatureDeciC: 281,
    flag: 1,
    test: 'none',
    clock: 'synced',
  }));
  const head = { gaugeNo: 1, bootNo: 2, intervalS: 60, maintenance: false };
  expect(encodeRun(head, readings).length).toBeLessThan(160);
});

test('the layout is fixed: a database written today is read by later versions', () => {
  const readings: Reading[] = [
    {
      seq: 7,
      observedAtMs: day * dayMs + 1000,
      distanceMm: 300,
      echo: 'blanking',
      spreadMm: null,
      validPercent: 100,
      temperatureDeciC: -5,
      flag: 3,
      test: 'gross-range',
      clock: 'rtc',
    },
  ];
  const body = encodeRun({ gaugeNo: 1, bootNo: 2, intervalS: 60, maintenance: true }, readings);
  expect(Buffer.from(body).toString('hex')).toBe('01010279d00fd90400b2820100640000000a');
  const corrected = readings.map((each) => ({ ...each, correctionMm: -3 }));
  const longer = encodeRun({ gaugeNo: 1, bootNo: 2, intervalS: 60, maintenance: true }, corrected);
  expect(Buffer.from(longer).toString('hex')).toBe('02010279d00fd90400b2820100640000000a0005');
  const kept = Buffer.from('01010279d00fd90400b2820100640000000a', 'hex');
  expect(decodeRun(kept, day, 7, 1).readings).toEqual(readings);
});

test('a body of another version, or one that ends early, is refused', () => {
  expect(() => decodeRun(new Uint8Array([3, 1]), day, 1, 1)).toThrow(/version 3/);
  expect(() => decodeRun(new Uint8Array([1, 1, 1]), day, 1, 1)).toThrow(/ends early/);
});
