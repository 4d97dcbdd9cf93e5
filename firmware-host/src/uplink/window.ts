/** What was sent and is not settled yet: a list of messages, changed by pure steps. Times in real ms. */
import { addRanges, countSeqs, highestSeq, type SeqRanges } from '@siaga/protocol';
import { subtract } from '../outbox/ledger.ts';

export type Sent = {
  readonly sha256: string;
  readonly seqs: SeqRanges;
  /** Declared as lost in the same message. */
  readonly lost: SeqRanges;
  readonly lane: 'live' | 'backlog';
  readonly ackedAtMs: number | null;
  /** A receipt came after it was sent and before its PUBACK: nobody can tell whether that receipt meant it. */
  readonly crossed: boolean;
};

/** Unsettled messages at most, if they are full; AWS allows 100 unacknowledged ones. */
export const windowSize = 20;
/** What even the smallest message takes of the window once it is acknowledged: 80 of them fill the backlog's share. */
const smallestShare = 1 / 5;
/** What of it the backlog may take: a live reading always finds room. */
export const backlogShare = 16;
/** Where receipts come this seldom, waiting for them would stop everything: the window then counts PUBACKs. */
const slowReceiptsS = 60;
/** Added to the time in which a receipt was promised, before a message is sent again. */
const marginMs = 5_000;

export function inFlight(sent: readonly Sent[]): SeqRanges {
  return sent.reduce((all, { seqs }) => addRanges(all, seqs), [] as SeqRanges);
}

export function lostInFlight(sent: readonly Sent[]): SeqRanges {
  return sent.reduce((all, { lost }) => addRanges(all, lost), [] as SeqRanges);
}

/**
 * How much of the window is filled. A message that waits for its PUBACK takes one place; one that waits for a
 * receipt as much as it has of a full one with `fullSeqs` readings, for the wait is about readings.
 */
export function occupied(sent: readonly Sent[], nextReceiptS: number, fullSeqs: number): number {
  return sent.reduce((sum, { ackedAtMs, seqs }) => {
    if (ackedAtMs === null) return sum + 1;
    if (nextReceiptS > slowReceiptsS) return sum;
    return sum + Math.min(1, Math.max(smallestShare, countSeqs(seqs) / fullSeqs));
  }, 0);
}

/** Without the messages that a receipt settled wholly. */
export function afterReceipt(sent: readonly Sent[], settled: SeqRanges): Sent[] {
  return sent.filter((message) => highestSeq(subtract(addRanges(message.seqs, message.lost), settled)) > 0);
}

/** Without the messages whose receipt is overdue: their readings may be sent again. */
export function afterWaiting(sent: readonly Sent[], nowMs: number, nextReceiptS: number): Sent[] {
  const patienceMs = nextReceiptS * 1_000 + marginMs;
  return sent.filter(({ ackedAtMs }) => ackedAtMs === null || nowMs - ackedAtMs < patienceMs);
}
