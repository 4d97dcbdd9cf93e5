/**
 * A set of sequence numbers as sorted, disjoint, non-touching closed ranges. The committed readings of
 * a stream are one: a year of readings without a hole is a single pair of numbers.
 */
export type SeqRange = readonly [from: number, to: number];
export type SeqRanges = readonly SeqRange[];

/** The set with `from..to` added. Time is linear in the ranges, logarithmic when appended at the end. */
export function addRange(ranges: SeqRanges, from: number, to: number): SeqRanges {
  const last = ranges.at(-1);
  if (last === undefined || from > last[1] + 1) return [...ranges, [from, to]];
  if (from >= last[0]) return [...ranges.slice(0, -1), [last[0], Math.max(last[1], to)]];
  const before = ranges.filter((range) => range[1] < from - 1);
  const after = ranges.filter((range) => range[0] > to + 1);
  const touching = ranges.slice(before.length, ranges.length - after.length);
  const low = Math.min(from, touching[0]?.[0] ?? from);
  const high = Math.max(to, touching.at(-1)?.[1] ?? to);
  return [...before, [low, high], ...after];
}

export function addRanges(ranges: SeqRanges, more: SeqRanges): SeqRanges {
  return more.reduce((sum, [from, to]) => addRange(sum, from, to), ranges);
}

/** Index of the range that holds `seq`, or -1. */
function indexOfSeq(ranges: SeqRanges, seq: number): number {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [from, to] = ranges[middle] as SeqRange;
    if (seq < from) high = middle - 1;
    else if (seq > to) low = middle + 1;
    else return middle;
  }
  return -1;
}

export function hasSeq(ranges: SeqRanges, seq: number): boolean {
  return indexOfSeq(ranges, seq) >= 0;
}

/** The holes between 1 and the highest number of the set, in order. */
export function missingRanges(ranges: SeqRanges): SeqRanges {
  const holes: SeqRange[] = [];
  let next = 1;
  for (const [from, to] of ranges) {
    if (from > next) holes.push([next, from - 1]);
    next = to + 1;
  }
  return holes;
}

/** The highest number of the set, 0 when it is empty. */
export function highestSeq(ranges: SeqRanges): number {
  return ranges.at(-1)?.[1] ?? 0;
}

/** How many numbers the set holds. */
export function countSeqs(ranges: SeqRanges): number {
  return ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
}

/** The set without `from..to`. */
export function removeRange(ranges: SeqRanges, from: number, to: number): SeqRanges {
  return ranges.flatMap((range): SeqRange[] => {
    if (range[1] < from || range[0] > to) return [range];
    const left: SeqRange[] = range[0] < from ? [[range[0], from - 1]] : [];
    const right: SeqRange[] = range[1] > to ? [[to + 1, range[1]]] : [];
    return [...left, ...right];
  });
}
