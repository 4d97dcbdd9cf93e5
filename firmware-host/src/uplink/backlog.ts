/** Which numbers the backlog sends next. Pure. */
import { removeRange, type SeqRanges } from '@siaga/protocol';
import { intersect, subtract, unite } from '../outbox/ledger.ts';
import type { OutboxState } from '../outbox/outbox.ts';
import type { OtherHistory } from './history.ts';
import { inFlight, type Sent } from './window.ts';

export type BacklogContext = {
  readonly outbox: OutboxState;
  readonly sent: readonly Sent[];
  /** Asked for by the cloud, settled or not. */
  readonly asked: SeqRanges;
  /** Numbers in doubt that this run has sent and the broker has acknowledged. */
  readonly confirmed: SeqRanges;
  readonly otherHistory: OtherHistory | null;
  /** Of numbers, those that are not held back. */
  readonly free: (seqs: SeqRanges) => SeqRanges;
  /** Receipts come once an hour, say. */
  readonly slow: boolean;
};

export function nextOfBacklog({ outbox, sent, asked, confirmed, otherHistory, free, slow }: BacklogContext): SeqRanges {
  const { unsettled, held, doubt } = outbox;
  const open = free(subtract(unite(unsettled, intersect(asked, held)), inFlight(sent, 0)));
  if (!doubt) return otherHistory ? [] : open;
  const doubtful = intersect(open, [[doubt.fromSeq, doubt.toSeq]]);
  if (otherHistory) {
    // Readings of earlier runs may be of either history: the cloud knows them, or refuses them. Ours are not sent yet.
    const earlier = removeRange(doubtful, doubt.toSeq, doubt.toSeq);
    return subtract(earlier, unite(confirmed, otherHistory.conflicts));
  }
  if (doubtful.length > 0) return doubtful;
  // The verdict comes within a second or two, and waiting for it spares us much if it is bad. An hour is too long.
  if (slow) return open;
  return doubt.fromSeq > 1 ? intersect(open, [[1, doubt.fromSeq - 1]]) : [];
}
