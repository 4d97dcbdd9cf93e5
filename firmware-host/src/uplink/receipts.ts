/**
 * What a receipt means for the outbox. Pure.
 *
 * A receipt speaks of numbers. An old copy of the folder, put back, gives numbers a second time, and then
 * the cloud's "settled" speaks of other readings. So numbers in doubt (given since a start that no receipt
 * has confirmed; outbox.ts) count as settled only after this run has sent them and got their PUBACK. Two
 * things prove another history: a number beyond our own last, and a rejection as `identity-conflict`. Then
 * what is not truly settled moves to a new stream; the sender first waits for the word on what it has sent.
 */
import { type Receipt, type RejectReason, removeRange, type SeqRanges } from '@siaga/protocol';
import { intersect, subtract, unite } from '../outbox/ledger.ts';
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
  | {
      readonly kind: 'other-history';
      readonly reason: 'beyond-last' | 'identity-conflict';
      /** The numbers of each message that the receipt refuses. */
      readonly refused: readonly SeqRanges[];
    }
  | { readonly kind: 'settle'; readonly settlement: Settlement; readonly quarantined: Quarantined[] };

type Quarantined = { readonly reason: RejectReason; readonly seqs: SeqRanges };

export function judgeReceipt(receipt: Receipt, context: ReceiptContext): ReceiptVerdict {
  const { outbox, storeId, version, messages } = context;
  if (receipt.stream !== outbox.stream) return { kind: 'ignored', reason: 'other-stream' };
  const sameStore = storeId === null || storeId === receipt.storeId;
  if (sameStore && receipt.version <= version) return { kind: 'ignored', reason: 'older' };

  const rejected = receipt.rejected.flatMap(({ sha256, reason }): Quarantined[] => {
    const message = messages.get(sha256);
    // A correction under an old revision proves nothing about the readings.
    return message?.rev === 0 ? [{ reason, seqs: message.seqs }] : [];
  });
  const refused = rejected.filter(({ reason }) => reason === 'identity-conflict').map(({ seqs }) => seqs);
  const reason = receipt.upTo > outbox.lastSeq ? 'beyond-last' : 'identity-conflict';
  if (reason === 'beyond-last' || refused.length > 0) return { kind: 'other-history', reason, refused };
  const covered = trusted(coverageOf(receipt), context);
  const settled = unite(covered, seqsOf(rejected));
  const how = sameStore ? 'add' : 'replace';
  const settlement: Settlement = { stream: receipt.stream, settled, how, storeId: receipt.storeId };
  return { kind: 'settle', settlement, quarantined: rejected };
}

/** What must move to a new stream once another history is proven: all that is held and not truly settled. */
export function toMove(
  receipt: Receipt,
  { outbox, confirmed }: Pick<ReceiptContext, 'outbox' | 'confirmed'>,
  conflicts: SeqRanges,
): SeqRanges {
  const done = unite(outbox.settled, trusted(coverageOf(receipt), { outbox, confirmed }));
  return subtract(outbox.held, subtract(done, conflicts));
}

/** The corrections that a receipt settles: stored, or refused for good. */
export function correctionsIn(receipt: Receipt, messages: ReadonlyMap<string, Sent>): SeqRanges {
  const stored = (receipt.corrections ?? []).filter(({ rev }) => rev === 1);
  const refused = receipt.rejected.flatMap(({ sha256 }) => {
    const message = messages.get(sha256);
    return message && message.rev > 0 ? [message.seqs] : [];
  });
  return refused.reduce(
    unite,
    stored.reduce((all, { from, to }) => unite(all, [[from, to]]), [] as SeqRanges),
  );
}

export function coverageOf({ upTo, ranges }: Receipt): SeqRanges {
  const all: SeqRanges = upTo > 0 ? [[1, upTo]] : [];
  return ranges.reduce((rest, { from, to }) => removeRange(rest, from, to), all);
}

/** The numbers of a coverage that speak of our own readings. */
function trusted(
  coverage: SeqRanges,
  { outbox: { doubt }, confirmed }: Pick<ReceiptContext, 'outbox' | 'confirmed'>,
): SeqRanges {
  if (doubt === null) return coverage;
  const before: SeqRanges = doubt.fromSeq > 1 ? [[1, doubt.fromSeq - 1]] : [];
  return unite(intersect(coverage, before), intersect(coverage, confirmed));
}

function seqsOf(rejected: readonly Quarantined[]): SeqRanges {
  return rejected.map(({ seqs }) => seqs).reduce(unite, []);
}
