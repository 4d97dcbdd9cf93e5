import fc from 'fast-check';
import { clockStates, type Echo, echoes, type Flag, qcTests } from '../quality.ts';
import type { Reading, ReadingsBatch } from '../reading.ts';

/** Any batch that the contract allows. */
export function arbitraryBatch(): fc.Arbitrary<ReadingsBatch> {
  return fc
    .record({
      first: fc.integer({ min: 1, max: 2 ** 40 }),
      readings: fc.array(arbitraryReading(), { minLength: 1, maxLength: 40 }),
      steps: fc.oneof(fc.constant([1]), fc.constant([2]), fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 40 })),
      stream: fc.stringMatching(/^[a-z2-7]{16}$/),
      boot: fc.uuid(),
      rev: fc.integer({ min: 0, max: 9 }),
      gauge: fc.constantFrom('main', 'up-2'),
      intervalS: fc.integer({ min: 1, max: 86_400 }),
      maintenance: fc.boolean(),
      lost: fc.array(
        fc.tuple(fc.integer({ min: 1, max: 1000 }), fc.nat(1000)).map(([from, more]) => [from, from + more] as const),
        { maxLength: 4 },
      ),
    })
    .map(({ first, readings, steps, ...rest }) => {
      let seq = first;
      return {
        ...rest,
        readings: readings.map((reading, i): Reading => {
          if (i > 0) seq += steps[i % steps.length] as number;
          return { ...reading, seq };
        }),
      };
    });
}

function arbitraryReading(): fc.Arbitrary<Omit<Reading, 'seq'>> {
  const measured = fc.record({
    observedAtMs: fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) }),
    distanceMm: fc.option(fc.integer({ min: -500, max: 20_000 })),
    echo: fc.constantFrom<Echo>(...echoes),
    spreadMm: fc.option(fc.nat(500)),
    validPercent: fc.nat(100),
    temperatureDeciC: fc.option(fc.integer({ min: -400, max: 600 })),
    flag: fc.constantFrom<Flag>(1, 2, 3, 4, 9),
    test: fc.constantFrom(...qcTests),
    clock: fc.constantFrom(...clockStates),
  });
  const correctionMm = fc.integer({ min: -500, max: 500 });
  return fc
    .tuple(measured, fc.oneof(fc.constant(0), correctionMm))
    .map(([reading, mm]) => (mm === 0 ? reading : { ...reading, correctionMm: mm }));
}
