import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addRange,
  addRanges,
  countSeqs,
  hasSeq,
  highestSeq,
  missingRanges,
  removeRange,
  type SeqRanges,
} from './seq-ranges.ts';

const spans = fc.array(
  fc.tuple(fc.integer({ min: 1, max: 60 }), fc.nat(8)).map(([from, more]) => [from, from + more] as const),
  { maxLength: 25 },
);

function membersOf(list: SeqRanges): Set<number> {
  return new Set(list.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i)));
}

describe('sequence ranges', () => {
  it('hold what a plain set holds, sorted and never touching', () => {
    fc.assert(
      fc.property(spans, (list) => {
        const ranges = addRanges([], list);
        const members = membersOf(list);
        expect(membersOf(ranges)).toEqual(members);
        expect(countSeqs(ranges)).toBe(members.size);
        expect(highestSeq(ranges)).toBe(Math.max(0, ...members));
        for (let i = 1; i < ranges.length; i++)
          expect(ranges[i]?.[0]).toBeGreaterThan((ranges[i - 1]?.[1] as number) + 1);
        for (let seq = 0; seq < 75; seq++) expect(hasSeq(ranges, seq)).toBe(members.has(seq));
      }),
    );
  });

  it('know their holes', () => {
    fc.assert(
      fc.property(spans, (list) => {
        const ranges = addRanges([], list);
        const holes = membersOf(missingRanges(ranges));
        for (let seq = 1; seq <= highestSeq(ranges); seq++) expect(holes.has(seq)).toBe(!hasSeq(ranges, seq));
      }),
    );
  });

  it('lose what is removed and nothing else', () => {
    fc.assert(
      fc.property(spans, fc.integer({ min: 1, max: 60 }), fc.nat(20), (list, from, more) => {
        const ranges = addRanges([], list);
        const kept = [...membersOf(ranges)].filter((seq) => seq < from || seq > from + more);
        expect(membersOf(removeRange(ranges, from, from + more))).toEqual(new Set(kept));
      }),
    );
  });

  it('stay one pair of numbers for a stream without a hole', () => {
    let ranges: SeqRanges = [];
    for (let seq = 1; seq <= 1000; seq++) ranges = addRange(ranges, seq, seq);
    expect(ranges).toEqual([[1, 1000]]);
  });
});
