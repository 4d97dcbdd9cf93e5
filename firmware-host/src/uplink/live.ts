/**
 * The live lane: readings on their way as soon as they are stored, or held back until the next report, so that
 * calm ones share a message. What is held is in neither lane.
 */
import type { SeqRanges, StreamId } from '@siaga/protocol';
import { clip } from '../outbox/ledger.ts';
import type { StoredReading } from '../outbox/outbox.ts';
import { withNewest } from './batch.ts';

export type LiveLane = {
  /** An unheld reading releases all that is held. */
  add(reading: StoredReading, hold: boolean): void;
  release(): void;
  /** The newest reading and what may share its message; they leave the lane. */
  take(stream: StreamId, isDone: (seq: number) => boolean): StoredReading[];
  /** Anything that waits here and is not done. */
  waits(isDone: (seq: number) => boolean): boolean;
  /** Of numbers, those that are not held back: nor those that were given and nobody has yet told us whether to hold. */
  free(seqs: SeqRanges): SeqRanges;
  newest(): StoredReading | null;
  /** What waited through an outage is backlog now; the newest goes first. */
  joined(): void;
  parted(): void;
  /** Another stream, with numbers up to `lastSeq`: nothing here is its. */
  forget(lastSeq: number): void;
};

/** Kept in memory at most; more is backlog. */
const most = 1_000;

export function createLiveLane(lastSeq: number): LiveLane {
  let toldTo = lastSeq;
  let waiting: StoredReading[] = [];
  let held: StoredReading[] = [];
  let heldFrom = Number.POSITIVE_INFINITY;
  let newest: StoredReading | null = null;

  const release = (): void => {
    waiting = [...waiting, ...held].slice(-most);
    held = [];
    heldFrom = Number.POSITIVE_INFINITY;
  };

  return {
    add(reading, hold) {
      newest = reading;
      toldTo = Math.max(toldTo, reading.reading.seq);
      if (hold) {
        heldFrom = Math.min(heldFrom, reading.reading.seq);
        held = [...held, reading].slice(-most);
        return;
      }
      release();
      waiting = [...waiting, reading].slice(-most);
    },
    release,
    take(stream, isDone) {
      waiting = waiting.filter((stored) => stored.stream === stream && !isDone(stored.reading.seq));
      const taken = withNewest(waiting);
      waiting = waiting.filter((stored) => !taken.includes(stored));
      return taken;
    },
    waits: (isDone) => waiting.some(({ reading }) => !isDone(reading.seq)),
    free: (seqs) => clip(seqs, 1, Math.min(heldFrom - 1, toldTo)),
    newest: () => newest,
    joined() {
      waiting = newest && held.length === 0 ? [newest] : [];
    },
    parted() {
      waiting = [];
    },
    forget(newLastSeq) {
      toldTo = newLastSeq;
      waiting = [];
      held = [];
      heldFrom = Number.POSITIVE_INFINITY;
    },
  };
}
