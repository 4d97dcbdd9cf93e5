import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxRangesPerMessage } from './limits.ts';
import { coverageOf, settles } from './receipt.ts';
import { addRange, addRanges, hasSeq, type SeqRanges } from './seq-ranges.ts';

describe('receipt coverage', () => {
  it('settles no number that is not in the set, and all of it while the holes fit', () => {
    const anySet = fc
      .array(fc.integer({ min: 1, max: 200 }), { maxLength: 150 })
      .map((seqs) => seqs.reduce((set: SeqRanges, seq) => addRange(set, seq, seq), []));
    fc.assert(
      fc.property(anySet, (set) => {
        const coverage = coverageOf(set);
        expect(coverage.ranges.length).toBeLessThanOrEqual(maxRangesPerMessage);
        for (let seq = 1; seq <= 201; seq++) {
          if (settles(coverage, seq)) expect(hasSeq(set, seq)).toBe(true);
          else if (coverage.ranges.length < maxRangesPerMessage) expect(hasSeq(set, seq)).toBe(false);
        }
      }),
    );
  });

  it('falls back to the last number before the first hole that does not fit', () => {
    const everyOther = addRanges(
      [],
      Array.from({ length: 40 }, (_, i) => [2 * i + 1, 2 * i + 1] as const),
    );
    expect(coverageOf(everyOther)).toMatchObject({ upTo: 65, ranges: { length: 32 } });
  });

  it('of nothing is nothing', () => {
    expect(coverageOf([])).toEqual({ upTo: 0, ranges: [] });
  });
});
