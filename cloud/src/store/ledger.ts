import {
  addRange,
  addRanges,
  hasSeq,
  highestSeq,
  type Reading,
  type ReadingsBatch,
  type SeqRange,
  type SeqRanges,
} from '@siaga/protocol';
import type { StoredReading, Verdict } from '../ports.ts';

/**
 * What a store knows of one stream's numbers at one revision. `settled` holds all that need not be sent
 * again; `unstored` those of them without a stored reading, because they were declared lost or quarantined.
 */
export type Settlement = { readonly settled: SeqRanges; readonly unstored: SeqRanges };

export const unsettled: Settlement = { settled: [], unstored: [] };

/** Whether a reading with this number is stored. */
export function holds(settlement: Settlement, seq: number): boolean {
  return hasSeq(settlement.settled, seq) && !hasSeq(settlement.unstored, seq);
}

/**
 * Bounds of what is kept track of in one stream, far above what an outbox brings about: each range is saved with
 * every append, and each revision asked for every reading, so that a broken device must not have more of them.
 */
export const maxRanges = 4096;
export const maxRevisions = 32;

/** Settles numbers without a stored reading, unless they would scatter the settlement beyond its bounds. */
export function settleUnstored(settlement: Settlement, seqs: SeqRanges): Settlement {
  const news = seqs.flatMap(([from, to]) => without(from, to, settlement.settled));
  const settled = addRanges(settlement.settled, seqs);
  const unstored = addRanges(settlement.unstored, news);
  const scattered = isScattered(settlement.settled, settled) || isScattered(settlement.unstored, unstored);
  return scattered ? settlement : { settled, unstored };
}

/** What of `from..to` is not in `ranges`. */
function without(from: number, to: number, ranges: SeqRanges): SeqRange[] {
  const left: SeqRange[] = [];
  let next = from;
  for (const [begin, end] of ranges) {
    if (end < next) continue;
    if (begin > to) break;
    if (begin > next) left.push([next, begin - 1]);
    next = end + 1;
  }
  if (next <= to) left.push([next, to]);
  return left;
}

function isScattered(before: SeqRanges, after: SeqRanges): boolean {
  return after.length > maxRanges && after.length > before.length;
}

/** The settlement of a stream at `rev`; undefined where that revision would be one too many. */
export function atRevision(revisions: ReadonlyMap<number, Settlement>, rev: number): Settlement | undefined {
  return revisions.get(rev) ?? (revisions.size < maxRevisions ? unsettled : undefined);
}

/** What is to be done with a batch: its verdict, the readings to store in order of `seq`, the settlement after it. */
export type Sorting = {
  readonly verdict: Verdict;
  readonly fresh: readonly Reading[];
  readonly settlement: Settlement;
};

const nothing: Verdict = { stored: [], duplicates: [], conflicts: [], scattered: [] };

/**
 * Sorts a batch's readings by the numbers settled at its revision, undefined where that revision would be one too
 * many. A number that is settled but not stored is a duplicate; for one that is stored `isStored` says whether its
 * content is the same. Ranges that the device declares lost are left to `settleUnstored`.
 */
export function sortBatch(
  known: Settlement | undefined,
  batch: ReadingsBatch,
  isStored: (reading: Reading) => boolean,
): Sorting {
  const settlement = known ?? unsettled;
  const sorting = sorted(settlement, batch, isStored);
  const { verdict } = sorting;
  if (known !== undefined && !isScattered(settlement.settled, sorting.settlement.settled)) return sorting;
  return { verdict: { ...verdict, stored: [], scattered: verdict.stored }, fresh: [], settlement };
}

function sorted(settlement: Settlement, batch: ReadingsBatch, isStored: (reading: Reading) => boolean): Sorting {
  const { readings } = batch;
  const first = readings[0];
  if (first === undefined) return { verdict: nothing, fresh: [], settlement };
  const last = readings[readings.length - 1] as Reading;
  const isRun = last.seq - first.seq + 1 === readings.length;
  if (isRun && first.seq > highestSeq(settlement.settled)) {
    const settled = addRange(settlement.settled, first.seq, last.seq);
    return {
      verdict: { ...nothing, stored: [[first.seq, last.seq]] },
      fresh: readings,
      settlement: { settled, unstored: settlement.unstored },
    };
  }
  return sortOneByOne(settlement, readings, isStored);
}

function sortOneByOne(
  settlement: Settlement,
  readings: readonly Reading[],
  isStored: (reading: Reading) => boolean,
): Sorting {
  let { settled } = settlement;
  let stored: SeqRanges = [];
  let duplicates: SeqRanges = [];
  let conflicts: SeqRanges = [];
  const fresh: Reading[] = [];
  for (const reading of readings) {
    const { seq } = reading;
    if (!hasSeq(settled, seq)) {
      settled = addRange(settled, seq, seq);
      stored = addRange(stored, seq, seq);
      fresh.push(reading);
    } else if (hasSeq(settlement.unstored, seq) || isStored(reading)) duplicates = addRange(duplicates, seq, seq);
    else conflicts = addRange(conflicts, seq, seq);
  }
  return {
    verdict: { stored, duplicates, conflicts, scattered: [] },
    fresh,
    settlement: { settled, unstored: settlement.unstored },
  };
}

/** Whether two readings with one identity say the same. What the message says around them may differ. */
export function sameContent(a: Reading, b: Reading): boolean {
  return (
    a.observedAtMs === b.observedAtMs &&
    a.distanceMm === b.distanceMm &&
    a.echo === b.echo &&
    a.flag === b.flag &&
    a.test === b.test &&
    a.clock === b.clock &&
    a.spreadMm === b.spreadMm &&
    a.validPercent === b.validPercent &&
    a.temperatureDeciC === b.temperatureDeciC &&
    (a.correctionMm ?? 0) === (b.correctionMm ?? 0)
  );
}

/** A batch's reading as it is stored. */
export function storedReading(
  reading: Reading,
  batch: ReadingsBatch,
  station: string,
  receivedAtMs: number,
): StoredReading {
  return {
    seq: reading.seq,
    observedAtMs: reading.observedAtMs,
    distanceMm: reading.distanceMm,
    echo: reading.echo,
    spreadMm: reading.spreadMm,
    validPercent: reading.validPercent,
    temperatureDeciC: reading.temperatureDeciC,
    ...(reading.correctionMm ? { correctionMm: reading.correctionMm } : {}),
    flag: reading.flag,
    test: reading.test,
    clock: reading.clock,
    station,
    stream: batch.stream,
    rev: batch.rev,
    gauge: batch.gauge,
    intervalS: batch.intervalS,
    maintenance: batch.maintenance,
    receivedAtMs,
  };
}
