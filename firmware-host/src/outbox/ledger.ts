/** The outbox's book-keeping, the same on disk and in memory. Pure. */
import { addRange, addRanges, removeRange, type SeqRange, type SeqRanges, type StreamId } from '@siaga/protocol';
import type { Doubt, OutboxState, Settlement } from './outbox.ts';

export type Ledger = Omit<OutboxState, 'unsettled' | 'bytes'> & { readonly storeId: string | null };

/** The numbers of `from` that are not in `without`. */
export function subtract(from: SeqRanges, without: SeqRanges): SeqRanges {
  return without.reduce((rest, [low, high]) => removeRange(rest, low, high), from);
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
  return { stream, lastSeq: 0, held: [], settled: [], lost: [], doubt: null, storeId: null };
}

/** The ledger at a start: what is held was just read, the rest was written down before. */
export function reopened(
  before: Pick<Ledger, 'stream' | 'lastSeq' | 'settled' | 'lost' | 'storeId'> & { readonly doubtFrom: number | null },
  held: SeqRanges,
): Ledger {
  const { stream, settled, storeId } = before;
  const lastSeq = Math.max(before.lastSeq, held.at(-1)?.[1] ?? 0, settled.at(-1)?.[1] ?? 0);
  const doubt: Doubt = { fromSeq: before.doubtFrom ?? lastSeq + 1, toSeq: lastSeq + 1 };
  return { stream, lastSeq, held, settled, lost: lostOf(lastSeq, held, settled), doubt, storeId };
}

export function appended(ledger: Ledger, fromSeq: number, toSeq: number): Ledger {
  return { ...ledger, lastSeq: toSeq, held: addRange(ledger.held, fromSeq, toSeq) };
}

export function settledWith(ledger: Ledger, { settled: more, how, storeId }: Settlement): Ledger {
  const ours = intersect(more, [[1, ledger.lastSeq]]);
  const settled = how === 'replace' ? ours : addRanges(ledger.settled, ours);
  // What an earlier store had, this one has not, and we freed: nobody can bring it back.
  const lost = how === 'replace' ? lostOf(ledger.lastSeq, ledger.held, settled) : subtract(ledger.lost, settled);
  return { ...ledger, settled, storeId, lost, doubt: doubtAfter(ledger, settled) };
}

/** The numbers given that are neither held nor settled. */
function lostOf(lastSeq: number, held: SeqRanges, settled: SeqRanges): SeqRanges {
  const given: SeqRanges = lastSeq > 0 ? [[1, lastSeq]] : [];
  return subtract(subtract(given, held), settled);
}

/** Numbers that are no longer held; those without a settlement are lost. */
export function released(ledger: Ledger, seqs: SeqRanges): Ledger {
  const lost = addRanges(ledger.lost, subtract(intersect(seqs, ledger.held), ledger.settled));
  return { ...ledger, held: subtract(ledger.held, seqs), lost };
}

/** Doubt ends when each number in doubt, up to the first of this run, is settled. */
function doubtAfter({ doubt, lost }: Ledger, settled: SeqRanges): Doubt | null {
  if (doubt === null) return null;
  const open = subtract(subtract([[doubt.fromSeq, doubt.toSeq]], settled), lost);
  return open.length === 0 ? null : doubt;
}

export function stateOf({ storeId: _, ...ledger }: Ledger, bytes: number): OutboxState {
  return { ...ledger, unsettled: subtract(ledger.held, ledger.settled), bytes };
}
