import type { StoredLine } from './agent.ts';
import type { ServedReading } from './api.ts';

/** A burst that a virtual gauge wrote, as the ledger has it. Within a run no two bursts share a distance. */
export type WrittenBurst = { readonly atMs: number; readonly distanceMm: number };

/** What became of everything that was written, told by what the agent made durable and what the platform serves. */
export type Account = {
  readonly bursts: number;
  readonly readings: number;
  readonly streams: number;
  /** Made durable by the agent, and not served as they were. */
  readonly lost: readonly StoredLine[];
  /** Numbers missing in the run of a stream: given away and never served. */
  readonly holes: readonly string[];
  /** Served again: the same identity, or the same time with the same distance. */
  readonly twice: readonly ServedReading[];
  /** Served, but of no burst, or of one that was written later. */
  readonly invented: readonly ServedReading[];
  /** Bursts with more than one reading: the second piece of one that an end of the agent tore apart. */
  readonly torn: readonly WrittenBurst[];
  /** Bursts without a reading. */
  readonly unread: readonly WrittenBurst[];
};

/**
 * A reader that starts within a burst takes the rest of it together with the next one. The majority of the
 * pings decides the value, so it still is one burst's own, but its time may be that of the burst before.
 */
const earliestMs = 1_000;

export function accountFor(
  bursts: readonly WrittenBurst[],
  stored: readonly StoredLine[],
  served: readonly ServedReading[],
): Account {
  const byIdentity = new Map(served.map((reading) => [identityOf(reading), reading]));
  const burstAt = new Map(bursts.map((burst) => [burst.distanceMm, burst]));
  const readingsOf = new Map<WrittenBurst, number>();
  const contents = new Set<string>();
  const identities = new Set<string>();
  const twice: ServedReading[] = [];
  const invented: ServedReading[] = [];
  for (const reading of served) {
    const content = `${reading.observedAtMs}/${reading.distanceMm}`;
    if (identities.has(identityOf(reading)) || contents.has(content)) twice.push(reading);
    identities.add(identityOf(reading));
    contents.add(content);
    const burst = burstAt.get(reading.distanceMm ?? Number.NaN);
    if (burst === undefined || reading.observedAtMs < burst.atMs - earliestMs) invented.push(reading);
    else readingsOf.set(burst, (readingsOf.get(burst) ?? 0) + 1);
  }
  return {
    bursts: bursts.length,
    readings: served.length,
    streams: new Set(served.map(({ stream }) => stream)).size,
    lost: stored.filter((line) => {
      const reading = byIdentity.get(identityOf(line));
      return reading?.observedAtMs !== line.observedAtMs || reading.distanceMm !== line.distanceMm;
    }),
    holes: holesOf(served),
    twice,
    invented,
    torn: bursts.filter((burst) => (readingsOf.get(burst) ?? 0) > 1),
    unread: bursts.filter((burst) => !readingsOf.has(burst)),
  };
}

function identityOf({ stream, seq }: { stream: string; seq: number }): string {
  return `${stream}/${seq}`;
}

function holesOf(served: readonly ServedReading[]): string[] {
  const byStream = Map.groupBy(served, ({ stream }) => stream);
  return [...byStream].flatMap(([stream, readings]) => {
    const seqs = new Set(readings.map(({ seq }) => seq));
    const highest = Math.max(...seqs);
    return Array.from({ length: highest }, (_, i) => i + 1)
      .filter((seq) => !seqs.has(seq))
      .map((seq) => `${stream}/${seq}`);
  });
}
