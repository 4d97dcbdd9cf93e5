import type { StationId } from '@siaga/protocol';
import type { ReadingPlace, ReadingStore, StoredReading } from '../ports.ts';

const hourMs = 3_600_000;
/** A reading may say that it was observed this much after it came: see `maxAheadMs`. Read so much further. */
const aheadMs = hourMs;
const pageSize = 5000;

/**
 * Stored readings once more in the order in which they came, as far as the store tells: of each the newest revision,
 * at the time when it was received. Piece by piece, so that a month fits.
 */
export function arrivals(
  readings: Pick<ReadingStore, 'readings'>,
  stations: readonly StationId[],
  fromMs: number,
): { upTo(ms: number): Promise<readonly StoredReading[]> } {
  let readMs = fromMs;
  let waiting: StoredReading[] = [];

  async function readOn(toMs: number): Promise<void> {
    for (const station of stations) {
      let after: ReadingPlace | null = null;
      do {
        const page: { readings: StoredReading[]; next: ReadingPlace | null } = await readings.readings({
          station,
          fromMs: readMs,
          toMs,
          limit: pageSize,
          ...(after === null ? {} : { after }),
        });
        waiting.push(...page.readings);
        after = page.next;
      } while (after !== null);
    }
    readMs = toMs;
    waiting.sort((a, b) => a.receivedAtMs - b.receivedAtMs || a.observedAtMs - b.observedAtMs);
  }

  return {
    async upTo(ms) {
      while (readMs < ms + aheadMs) await readOn(readMs + 6 * hourMs);
      const found = waiting.findIndex(({ receivedAtMs }) => receivedAtMs > ms);
      const count = found < 0 ? waiting.length : found;
      const come = waiting.slice(0, count);
      waiting = waiting.slice(count);
      return come;
    },
  };
}
