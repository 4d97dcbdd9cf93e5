/** From a stamped burst to a durable reading, and who is told then. */
import type { Logger } from 'pino';
import { messageOf } from '../errors.ts';
import type { Draft, Outbox, StoredReading } from '../outbox/outbox.ts';

export type Keeping = {
  /** Makes a reading durable, then hands it on, with whether it must not wait; what the disk does not take is counted and logged. */
  keep(draft: Draft, urgent: boolean): void;
  counts(): { readonly stored: number; readonly notStored: number; readonly lastReading: StoredReading | null };
  /** Monotonic ms of the last reading that became durable, and of the last that did not; null before the first. */
  lastStoreMonoMs(): number | null;
  storeRefusedMonoMs(): number | null;
  /** Resolves when nothing is on its way to the disk. */
  settled(): Promise<void>;
};

export function createKeeping(
  outbox: Outbox,
  {
    log,
    monoMs,
    onKept,
  }: { log: Logger; monoMs: () => number; onKept: (kept: StoredReading, urgent: boolean) => void },
): Keeping {
  const pending = new Set<Promise<void>>();
  let stored = 0;
  let notStored = 0;
  let lastReading: StoredReading | null = null;
  let lastStoreMonoMs: number | null = null;
  let storeRefusedMonoMs: number | null = null;

  const store = async (draft: Draft, urgent: boolean): Promise<void> => {
    const kept = await outbox.append(draft).catch((error) => {
      log.error({ err: messageOf(error) }, 'reading not stored');
      return null;
    });
    if (kept === null) {
      notStored++;
      storeRefusedMonoMs = monoMs();
      return;
    }
    stored++;
    lastReading = kept;
    lastStoreMonoMs = monoMs();
    const { seq, observedAtMs, distanceMm } = kept.reading;
    log.debug({ stream: kept.stream, seq, observedAtMs, distanceMm }, 'stored');
    try {
      onKept(kept, urgent);
    } catch (error) {
      // It is on the disk: whoever stumbles over it must not end the agent.
      log.error({ seq, err: messageOf(error) }, 'a stored reading was not handed on');
    }
  };
  return {
    keep(draft, urgent) {
      const work = store(draft, urgent).finally(() => pending.delete(work));
      pending.add(work);
    },
    counts: () => ({ stored, notStored, lastReading }),
    lastStoreMonoMs: () => lastStoreMonoMs,
    storeRefusedMonoMs: () => storeRefusedMonoMs,
    settled: async () => void (await Promise.all(pending)),
  };
}
