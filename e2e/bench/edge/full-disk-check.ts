/** An outbox under observation while its disk fills up: what was stored, refused, and whether the books are right. */
import { aDraft, type FileOutboxOptions, type Outbox, openFileOutbox } from '@siaga/firmware-host/testing';

export type Watched = {
  readonly outbox: Outbox;
  /** Stores the next `count` readings, one after the other; a reading inside the blanking distance now and then. */
  measure(count: number): Promise<void>;
  /** The last one was taken. */
  takes(): boolean;
  counts(): { readonly stored: number; readonly refused: number };
  /**
   * Faults of the books: numbers neither held nor settled nor lost, readings that are not what was stored, events
   * gone, losses counted otherwise than declared.
   */
  faults(): Promise<number>;
};

const eventEvery = 997;

export async function watched(options: FileOutboxOptions): Promise<Watched> {
  const outbox = await openFileOutbox(options);
  const stored = new Map<number, number>();
  const events = new Set<number>();
  let refused = 0;
  let next = 0;
  let last = true;
  return {
    outbox,
    async measure(count) {
      for (let i = 0; i < count; i++) {
        const distanceMm = next++;
        const isEvent = distanceMm % eventEvery === eventEvery - 1;
        const draft = aDraft({
          reading: {
            distanceMm,
            observedAtMs: Date.UTC(2026, 0, 1) + distanceMm * 1_800_000,
            ...(isEvent ? { echo: 'blanking' as const, flag: 3 as const, test: 'gross-range' as const } : {}),
          },
        });
        const seq = await outbox.append(draft).then(
          ({ reading }) => reading.seq,
          () => null,
        );
        last = seq !== null;
        if (seq === null) refused++;
        else stored.set(seq, distanceMm);
        if (seq !== null && isEvent) events.add(seq);
      }
    },
    takes: () => last,
    counts: () => ({ stored: stored.size, refused }),
    async faults() {
      const { held, lost, settled, lastSeq, notKept } = outbox.state();
      const kept = await outbox.lease(held, Number.MAX_SAFE_INTEGER);
      const keptSeqs = new Set(kept.map(({ reading }) => reading.seq));
      const isLost = membership(lost);
      const isSettled = membership(settled);
      let faults = kept.filter(({ reading }) => stored.get(reading.seq) !== reading.distanceMm).length;
      for (let seq = 1; seq <= lastSeq; seq++)
        if (Number(keptSeqs.has(seq)) + Number(isLost(seq)) !== 1 && !isSettled(seq)) faults++;
      for (const seq of events) if (!keptSeqs.has(seq)) faults++;
      const declared = lost.reduce((sum, [from, to]) => sum + to - from + 1, 0);
      const withoutNumber = stored.size + refused - lastSeq;
      return faults + Math.abs(notKept - declared - withoutNumber);
    },
  };
}

function membership(ranges: readonly (readonly [number, number])[]): (seq: number) => boolean {
  const numbers = new Set(ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i)));
  return (seq) => numbers.has(seq);
}
