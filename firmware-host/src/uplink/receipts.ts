/**
 * What a receipt means for the outbox. Pure.
 *
 * A receipt speaks of numbers. An old copy of the folder, put back, gives numbers a second time, and then
 * the cloud's "settled" speaks of other readings. So numbers in doubt (given since a start that no receipt
 * has confirmed; outbox.ts) count as settled only after this run has sent them and got their PUBACK. Two
 * things prove another history: a number beyond our own last, and a rejection as `identity-conflict`. Then
 * what is not truly settled moves to a new stream.
 */
import { addRanges, type Receipt, type RejectReason, removeRange, type SeqRanges } from '@siaga/protocol';
import { intersect, subtract } from '../outbox/ledger.ts';
import type { OutboxState, Settlement } from '../outbox/outbox.ts';
import type { Sent } from './window.ts';

export type ReceiptContext = {
  readonly outbox: OutboxState;
  /** The store that settled what is settled, null before the first receipt. */
  readonly storeId: string | null;
  /** The newest receipt taken of this store and stream, 0 for none. */
  readonly version: number;
  /** Messages by payload hash: those in flight and the last ones settled. */
  readonly messages: ReadonlyMap<string, Sent>;
  /** Numbers that this run has sent and the broker has acknowledged. */
  readonly confirmed: SeqRanges;
};

export type ReceiptVerdict =
  | { readonly kind: 'ignored'; readonly reason: 'other-stream' | 'older' }
  | { readonly kind: 'mint'; readonly reason: 'beyond-last' | 'identity-conflict'; readonly seqs: SeqRanges }
  | { readonly kind: 'settle'; readonly settlement: Settlement; readonly quarantined: Quarantined[] };

export type Quarantined = { readonly reason: RejectReason; readonly seqs: SeqRanges };

export function judgeReceipt(receipt: Receipt, context: ReceiptContext): ReceiptVerdict {
  const { outbox, storeId, version, messages } = context;
  if (receipt.stream !== outbox.stream) return { kind: 'ignored', reason: 'other-stream' };
  const sameStore = storeId === null || storeId === receipt.storeId;
  if (sameStore && receipt.version <= version) return { kind: 'ignored', reason: 'older' };

  const rejected = receipt.rejected.flatMap(({ sha256, reason }): Quarantined[] => {
    const message = messages.get(sha256);
    return message ? [{ reason, seqs: message.seqs }] : [];
  });
  const conflicts = seqsOf(rejected.filter(({ reason }) => reason === 'identity-conflict'));
  const covered = subtract(trusted(coverageOf(receipt), context), conflicts);
  const beyond = receipt.upTo > outbox.lastSeq;
  if (beyond || conflicts.length > 0) {
    const done = addRanges(subtract(outbox.settled, conflicts), covered);
    return { kind: 'mint', reason: beyond ? 'beyond-last' : 'identity-conflict', seqs: subtract(outbox.held, done) };
  }
  const settled = addRanges(covered, seqsOf(rejected));
  const how = sameStore ? 'add' : 'replace';
  const settlement: Settlement = { stream: receipt.stream, settled, how, storeId: receipt.storeId };
  return { kind: 'settle', settlement, quarantined: rejected };
}

function coverageOf({ upTo, ranges }: Receipt): SeqRanges {
  const all: SeqRanges = upTo > 0 ? [[1, upTo]] : [];
  return ranges.reduce((rest, { from, to }) => removeRange(rest, from, to), all);
}

/** The numbers of a coverage that speak of our own readings. */
function trusted(coverage: SeqRanges, { outbox: { doubt }, confirmed }: ReceiptContext): SeqRanges {
  if (doubt === null) return coverage;
  const before: SeqRanges = doubt.fromSeq > 1 ? [[1, doubt.fromSeq - 1]] : [];
  return addRanges(intersect(coverage, before), intersect(coverage, confirmed));
}

function seqsOf(rejected: readonly Quarantined[]): SeqRanges {
  return rejected.reduce((all, { seqs }) => addRanges(all, seqs), [] as SeqRanges);
}
