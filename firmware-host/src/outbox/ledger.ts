/** The outbox's book-keeping, the same on disk and in memory. Pure. */
import { addRange, type SeqRange, type SeqRanges, type StreamId } from '@siaga/protocol';
import type { Doubt, OutboxState, Settlement } from './outbox.ts';

export type Ledger = Omit<OutboxState, 'unsettled' | 'bytes' | 'notKept'> & {
  readonly storeId: string | null;
  /** Ranges of lost numbers that thinning made over the stream's life: the cloud keeps track of a limited number. */
  readonly holes: number;
};

/** The numbers of `from` that are not in `without`. Linear: thinning leaves hundreds of ranges. */
export function subtract(from: SeqRanges, without: SeqRanges): SeqRanges {
  const rest: SeqRange[] = [];
  let i = 0;
  for (const [low, high] of from) {
    let next = low;
    while (i < without.length && (without[i] as SeqRange)[1] < low) i++;
    for (let j = i; j < without.length && (without[j] as SeqRange)[0] <= high; j++) {
      const [begin, end] = without[j] as SeqRange;
      if (begin > next) rest.push([next, begin - 1]);
      next = Math.max(next, end + 1);
    }
    if (next <= high) rest.push([next, high]);
  }
  return rest;
}

/** The numbers that are in either. Linear too. */
export function unite(left: SeqRanges, right: SeqRanges): SeqRanges {
  if (right.length === 0) return left;
  if (left.length === 0) return right;
  const all: [number, number][] = [];
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    const [a, b] = [left[i], right[j]];
    const [from, to] = b === undefined || (a !== undefined && a[0] <= b[0]) ? (a as SeqRange) : b;
    if (a !== undefined && a[0] === from && a[1] === to) i++;
    else j++;
    const last = all.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else all.push([from, to]);
  }
  return all;
}

/** The numbers of a set that lie in from..to. Logarithmic but for what it finds. */
export function clip(ranges: SeqRanges, from: number, to: number): SeqRanges {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle] as SeqRange)[1] < from) low = middle + 1;
    else high = middle;
  }
  const found: SeqRange[] = [];
  for (let i = low; i < ranges.length && (ranges[i] as SeqRange)[0] <= to; i++) {
    const [begin, end] = ranges[i] as SeqRange;
    found.push([Math.max(begin, from), Math.min(end, to)]);
  }
  return found;
}

/** The numbers that are in both. */
export function intersect(left: SeqRanges, right: SeqRanges): SeqRanges {
  const both: SeqRange[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length && j < right.length) {
    const [a, b] = [left[i] as SeqRange, right[j] as SeqRange];
    const [low, high] = [Math.max(a[0], b[0]), Math.min(a[1], b[1])];
    if (low <= high) both.push([low, high]);
    if (a[1] < b[1]) i++;
    else j++;
  }
  return both;
}

/** The set of numbers in a list. */
export function rangesOf(seqs: Iterable<number>): SeqRanges {
  const ranges: [number, number][] = [];
  for (const seq of [...seqs].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last && seq <= last[1] + 1) last[1] = Math.max(last[1], seq);
    else ranges.push([seq, seq]);
  }
  return ranges;
}

/** The ledger of a new, empty stream. Its id is random, so nothing about it is in doubt. */
export function newLedger(stream: StreamId): Ledger {
  return { stream, lastSeq: 0, held: [], settled: [], lost: [], doubt: null, storeId: null, holes: 0 };
}

/**
 * The ledger at a start: what is held was just read, the rest was written down before. `givenTo`: the highest
 * number that a torn record may have had; it is not given again.
 */
export function reopened(
  before: Pick<Ledger, 'stream' | 'lastSeq' | 'settled' | 'storeId' | 'holes'> & { readonly doubtFrom: number | null },
  held: SeqRanges,
  givenTo = 0,
): Ledger {
  const { stream, settled, storeId, holes } = before;
  const lastSeq = Math.max(before.lastSeq, held.at(-1)?.[1] ?? 0, settled.at(-1)?.[1] ?? 0, givenTo);
  const doubt: Doubt = { fromSeq: before.doubtFrom ?? lastSeq + 1, toSeq: lastSeq + 1 };
  return { stream, lastSeq, held, settled, lost: lostOf(lastSeq, held, settled), doubt, storeId, holes };
}

export function appended(ledger: Ledger, fromSeq: number, toSeq: number): Ledger {
  return { ...ledger, lastSeq: toSeq, held: addRange(ledger.held, fromSeq, toSeq) };
}

export function settledWith(ledger: Ledger, { settled: more, how, storeId }: Settlement): Ledger {
  const ours = intersect(more, [[1, ledger.lastSeq]]);
  const settled = how === 'replace' ? ours : unite(ledger.settled, ours);
  // What an earlier store had, this one has not, and we freed: nobody can bring it back.
  const lost = how === 'replace' ? lostOf(ledger.lastSeq, ledger.held, settled) : subtract(ledger.lost, settled);
  return { ...ledger, settled, storeId, lost, doubt: doubtAfter(ledger, settled) };
}

/** The numbers given that are neither held nor settled. */
function lostOf(lastSeq: number, held: SeqRanges, settled: SeqRanges): SeqRanges {
  const given: SeqRanges = lastSeq > 0 ? [[1, lastSeq]] : [];
  return subtract(subtract(given, held), settled);
}

/** Numbers of readings that could not be kept: given to nothing, and lost. */
export function refused(ledger: Ledger, count: number): Ledger {
  const lastSeq = ledger.lastSeq + count;
  return { ...ledger, lastSeq, lost: addRange(ledger.lost, ledger.lastSeq + 1, lastSeq) };
}

/** Numbers that are no longer held; those without a settlement are lost. */
export function released(ledger: Ledger, seqs: SeqRanges): Ledger {
  const lost = unite(ledger.lost, subtract(intersect(seqs, ledger.held), ledger.settled));
  return { ...ledger, held: subtract(ledger.held, seqs), lost };
}

/** Doubt ends when each number in doubt, up to the first of this run, is settled. */
function doubtAfter({ doubt, lost }: Ledger, settled: SeqRanges): Doubt | null {
  if (doubt === null) return null;
  const open = subtract(subtract([[doubt.fromSeq, doubt.toSeq]], settled), lost);
  return open.length === 0 ? null : doubt;
}

export function stateOf(ledger: Ledger, bytes: number, notKept: number): OutboxState {
  const { stream, lastSeq, held, settled, lost, doubt } = ledger;
  return { stream, lastSeq, held, settled, lost, doubt, unsettled: unsettledOf(ledger), bytes, notKept };
}

const unsettledKnown = new WeakMap<Ledger, SeqRanges>();

/** Asked for many times between two changes. */
function unsettledOf(ledger: Ledger): SeqRanges {
  const known = unsettledKnown.get(ledger) ?? subtract(ledger.held, ledger.settled);
  unsettledKnown.set(ledger, known);
  return known;
}
