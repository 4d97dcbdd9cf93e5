/**
 * Makes room in the log, in this order: the oldest data that the cloud has, then thinning (thin.ts) of the oldest
 * that it has not. What is lost is in the ledger from then on, to be declared. Readings of an event never go.
 */
import { countSeqs, type SeqRanges } from '@siaga/protocol';
import { type Ledger, released, subtract } from './ledger.ts';
import type { Segment, SegmentLog } from './log.ts';
import type { StoredReading } from './outbox.ts';
import { eventTimes, mostHoles, mostLostRanges, thinned, thinningSteps } from './thin.ts';

export type Books = {
  log(): SegmentLog;
  ledger(): Ledger;
  /** Takes a ledger of fewer readings; `thinnedOut` of them were never sent. */
  change(ledger: Ledger, thinnedOut: number): void;
  /** Makes the ledger durable; does not reject. */
  save(): Promise<void>;
  isEvent(stored: StoredReading): boolean;
};

export type Room = {
  /** Deletes the closed segments that the cloud has wholly and that `goes` names. */
  dropSettled(goes: (segment: Segment) => boolean): Promise<void>;
  /** One step: a segment dropped or, unless `thinning` is false, thinned. False: nothing is left that may go. */
  step(how: { readonly thinning: boolean }): Promise<boolean>;
};

export function createRoom(books: Books): Room {
  /** By path: what was found to have nothing to thin at a step; only reading it would tell again. */
  const exhausted = new Map<string, number>();
  const closed = () => books.log().segments().slice(0, -1);
  const isSettled = ({ held }: Segment) => subtract(held, books.ledger().settled).length === 0;

  const drop = async (segment: Segment): Promise<void> => {
    books.change(released(books.ledger(), segment.held), 0);
    // Before the segment goes: the highest number, and that its numbers are settled, must not be forgotten.
    await books.save();
    await books.log().drop(segment);
  };

  const readingsOf = async (segment: Segment | undefined): Promise<StoredReading[]> =>
    segment ? (await books.log().read(segment.held, Number.POSITIVE_INFINITY)).readings : [];

  /** Thins one segment; false when it has nothing to give, or only for too many gaps. */
  const thin = async (segment: Segment, every: number): Promise<boolean> => {
    const all = closed();
    const at = all.findIndex(({ path }) => path === segment.path);
    const [former, next] = [await readingsOf(all[at - 1]), await readingsOf(all[at + 1])];
    const readings = await readingsOf(segment);
    const { settled, lost, holes } = books.ledger();
    const unsettled = readings.filter(({ reading }) => subtract([[reading.seq, reading.seq]], settled).length > 0);
    const events = eventTimes([...former, ...readings, ...next], books.isEvent);
    const stays = thinned(unsettled, { before: segment.every, every, events });
    const keep = stays.length > 0 ? stays : readings.slice(-1);
    if (keep.length >= readings.length) {
      exhausted.set(segment.path, every);
      return false;
    }
    const gone: SeqRanges = subtract(
      segment.held,
      keep.map(({ reading }) => [reading.seq, reading.seq] as const),
    );
    const after = released(books.ledger(), gone);
    const more = after.lost.length - lost.length;
    const isTooMany = after.lost.length > mostLostRanges || holes + more > mostHoles;
    if (isTooMany && more > 0 && every < (thinningSteps.at(-1) ?? 0)) return false;
    await books.log().rewrite(segment, keep, every);
    books.change({ ...after, holes: holes + Math.max(0, more) }, countSeqs(subtract(gone, settled)));
    await books.save();
    return true;
  };

  return {
    async dropSettled(goes) {
      for (const segment of closed()) if (goes(segment) && isSettled(segment)) await drop(segment);
    },
    async step({ thinning }) {
      const settled = closed().find(isSettled);
      if (settled) {
        await drop(settled);
        return true;
      }
      if (!thinning) return false;
      // Twice: the newest closed segment is spared as long as others have something to give.
      for (const candidates of [closed().slice(0, -1), closed()])
        for (const every of thinningSteps)
          for (const segment of candidates) {
            const tried = Math.max(segment.every, exhausted.get(segment.path) ?? 1);
            if (tried < every && (await thin(segment, every))) return true;
          }
      return false;
    },
  };
}
