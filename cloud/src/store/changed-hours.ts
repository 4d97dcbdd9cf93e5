import { addRange, addRanges, removeRange, type SeqRange, type SeqRanges } from '@siaga/protocol';
import { hourOf } from '../domain/episode-checkpoint.ts';
import type { ChangedHours, FoldedHours } from '../ports.ts';

/** Which hours of a station the fold of episodes has not seen. Only `hours` must outlive the process. */
export type Marks = {
  readonly hours: SeqRanges;
  /** Marked since they were last taken. */
  readonly fresh: SeqRanges;
  /** Marked by readings not newer than `headMs`. */
  readonly behind: SeqRanges;
  readonly headMs: number;
};

/** Until a head is told, every reading is behind it. */
export const unmarked: Marks = { hours: [], fresh: [], behind: [], headMs: Number.POSITIVE_INFINITY };

/** The marks as a store reads them back: who may be at work on them cannot know which came meanwhile. */
export function storedMarks(hours: SeqRanges): Marks {
  return { ...unmarked, hours, fresh: hours, behind: hours };
}

/** Beyond so many ranges the narrowest holes are closed: what is folded once too often does no harm. */
const maxRanges = 64;

/** The marks with an hour that holds a changed reading. The same object where nothing differs. */
export function marked(marks: Marks, observedAtMs: number): Marks {
  const hour = hourOf(observedAtMs);
  const isBehind = observedAtMs <= marks.headMs;
  // Nearly every reading that comes lies in the hour of the one before it.
  if (endsWith(marks.hours, hour) && endsWith(marks.fresh, hour) && (!isBehind || endsWith(marks.behind, hour)))
    return marks;
  return {
    hours: bounded(addRange(marks.hours, hour, hour)),
    fresh: bounded(addRange(marks.fresh, hour, hour)),
    behind: isBehind ? bounded(addRange(marks.behind, hour, hour)) : marks.behind,
    headMs: marks.headMs,
  };
}

/** The marks with whole spans of hours, which nothing is known of. */
export function markedAll(marks: Marks, [from, to]: SeqRange): Marks {
  const hours = bounded(addRange(marks.hours, from, to));
  return { ...marks, hours, fresh: bounded(addRange(marks.fresh, from, to)), behind: hours };
}

/** What of a span of hours lies in the hour of `fromMs` or after it; null where nothing does. */
export function hoursFrom([from, to]: SeqRange, fromMs: number): SeqRange | null {
  const first = Math.max(from, hourOf(fromMs));
  return first > to ? null : [first, to];
}

/** The marks once they are handed out: what comes from now on is fresh. */
export function taken(marks: Marks): Marks {
  return marks.fresh.length === 0 ? marks : { ...marks, fresh: [] };
}

/** The marks after a piece was folded. What was marked meanwhile may lie behind the new head. */
export function folded(marks: Marks, { from, to, again, headMs }: FoldedHours): Marks {
  const clear = (ranges: SeqRanges) => addRanges(removeRange(ranges, from, to), marks.fresh);
  const hours = clear(marks.hours);
  return {
    hours: bounded(again === null ? hours : addRange(hours, again, again)),
    fresh: marks.fresh,
    behind: bounded(again === null ? clear(marks.behind) : addRange(clear(marks.behind), again, again)),
    headMs: headMs ?? marks.headMs,
  };
}

export function changedHours(station: string, { hours, behind }: Marks): ChangedHours {
  return { station, hours, behind };
}

function endsWith(ranges: SeqRanges, hour: number): boolean {
  const last = ranges[ranges.length - 1];
  return last !== undefined && hour >= last[0] && hour <= last[1];
}

function bounded(ranges: SeqRanges): SeqRanges {
  if (ranges.length <= maxRanges) return ranges;
  const holes = ranges.slice(1).map(([from], i) => from - (ranges[i] as SeqRange)[1]);
  // Closes half of them at once, so that this is seldom done.
  const widest = holes.toSorted((a, b) => b - a)[maxRanges / 2] as number;
  const merged: [number, number][] = [];
  for (const [i, [from, to]] of ranges.entries()) {
    const last = merged.at(-1);
    if (last !== undefined && (holes[i - 1] as number) <= widest) last[1] = to;
    else merged.push([from, to]);
  }
  return merged;
}
