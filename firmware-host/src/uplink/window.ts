/** What was sent and is not settled yet: a list of messages, changed by pure steps. Times in real ms. */
import { countSeqs, maxReadingsPerMessage, type SeqRanges } from '@siaga/protocol';
import { subtract, unite } from '../outbox/ledger.ts';

export type Lane = 'live' | 'backlog' | 'corrections';

export type Sent = {
  readonly sha256: string;
  readonly rev: number;
  readonly seqs: SeqRanges;
  /** Declared as lost in the same message. */
  readonly lost: SeqRanges;
  readonly lane: Lane;
  /** When it left, by the kernel's monotonic clock (wait.ts). */
  readonly leftMonoMs: number;
  readonly ackedAtMs: number | null;
  /** A receipt came after it was sent and before its PUBACK: nobody can tell whether that receipt meant it. */
  readonly crossed: boolean;
  /** When it was sent the cloud had said that it knew none of these numbers: a receipt that names them came after it. */
  readonly fresh: boolean;
};

/** Unsettled messages at most, if they are full; AWS allows 100 unacknowledged ones. */
export const windowSize = 20;
/** What even the smallest message takes of the window once it is acknowledged: 80 of them fill the backlog's share. */
const smallestShare = 1 / 5;
/** What of it the backlog may take: a live reading always finds room. */
export const backlogShare = 16;
/** Messages of the backlog without a PUBACK at most: more would only queue on the link, before live readings. */
const backlogUnderWay = 2;

export function inFlight(sent: readonly Sent[], rev: number): SeqRanges {
  return sent.reduce((all, message) => (message.rev === rev ? unite(all, message.seqs) : all), [] as SeqRanges);
}

export function lostInFlight(sent: readonly Sent[]): SeqRanges {
  return sent.reduce((all, { lost }) => unite(all, lost), [] as SeqRanges);
}

/**
 * How much of the window is filled. A message that waits for its PUBACK takes one place; one that waits for a
 * receipt as much as it has of a full one, for the wait is about readings. `slow`: where receipts come seldom the
 * window counts PUBACKs only.
 */
export function occupied(sent: readonly Sent[], { slow, each }: { slow: boolean; each: boolean }): number {
  return sent.reduce((sum, { ackedAtMs, seqs }) => {
    if (ackedAtMs === null) return sum + 1;
    if (slow) return sum;
    return sum + (each ? 1 : Math.min(1, Math.max(smallestShare, countSeqs(seqs) / maxReadingsPerMessage)));
  }, 0);
}

export function backlogHasRoom(sent: readonly Sent[]): boolean {
  return sent.filter(({ lane, ackedAtMs }) => lane !== 'live' && ackedAtMs === null).length < backlogUnderWay;
}

/** The messages that a receipt settled wholly, and the others. */
export function afterReceipt(sent: readonly Sent[], settled: SeqRanges): { settled: Sent[]; open: Sent[] } {
  const isSettled = ({ rev, seqs, lost }: Sent) => rev === 0 && subtract(unite(seqs, lost), settled).length === 0;
  return { settled: sent.filter(isSettled), open: sent.filter((message) => !isSettled(message)) };
}

/** What is left of the corrections under way when the cloud has `seqs` of them. */
export function afterCorrections(sent: readonly Sent[], seqs: SeqRanges): readonly Sent[] {
  if (seqs.length === 0) return sent;
  return sent.flatMap((message) => {
    if (message.rev === 0) return [message];
    const left = subtract(message.seqs, seqs);
    return left.length === 0 ? [] : [{ ...message, seqs: left }];
  });
}

/** The messages whose receipt is overdue: their readings may be sent again. */
export function overdue(sent: readonly Sent[], nowMs: number, patienceMs: number): Sent[] {
  return sent.filter(({ ackedAtMs }) => ackedAtMs !== null && nowMs - ackedAtMs >= patienceMs);
}
