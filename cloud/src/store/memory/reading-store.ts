import { randomBytes } from 'node:crypto';
import type { StationId, StreamId } from '@siaga/protocol';
import type { DirtyMark, IncomingBatch, RangeQuery, ReadingStore, StoredReading, Verdict } from '../../ports.ts';
import { type Marks, marked, unmarked } from '../changed-hours.ts';
import {
  atRevision,
  holds,
  type Settlement,
  sameContent,
  settleUnstored,
  sortBatch,
  storedReading,
  unsettled,
} from '../ledger.ts';
import { byTime, isAfter, isNewer, placeOf } from '../reading-order.ts';
import { bucketer, gapFinder } from '../summaries.ts';

/** What the memory stores share. All revisions of all readings, in order of arrival. */
export type MemoryReadings = {
  readonly stored: Map<StationId, StoredReading[]>;
  readonly settlements: Map<string, Map<number, Settlement>>;
  readonly dirty: Map<StationId, DirtyMark>;
  /** The longest waiting first. */
  readonly marks: Map<StationId, Marks>;
};

export function createMemoryReadings(): MemoryReadings {
  return { stored: new Map(), settlements: new Map(), dirty: new Map(), marks: new Map() };
}

function revisionsOf({ settlements }: MemoryReadings, station: StationId, stream: StreamId): Map<number, Settlement> {
  const key = `${station}/${stream}`;
  const known = settlements.get(key) ?? new Map<number, Settlement>();
  settlements.set(key, known);
  return known;
}

export function marksOf({ marks }: MemoryReadings, station: StationId): Marks {
  return marks.get(station) ?? unmarked;
}

/** Newest revisions of a station's readings, in order of time. */
export function servedReadings(kept: MemoryReadings, station: StationId): StoredReading[] {
  const isServed = ({ stream, rev, seq }: StoredReading) =>
    ![...revisionsOf(kept, station, stream)].some(([other, settlement]) => other > rev && holds(settlement, seq));
  return (kept.stored.get(station) ?? []).filter(isServed).sort(byTime);
}

/** Readings in memory, for tests and trials: nothing outlives the process. */
export function createMemoryReadingStore(kept: MemoryReadings): ReadingStore {
  let mark = 0;

  function append({ station, batch, receivedAtMs }: IncomingBatch): Verdict {
    const revisions = revisionsOf(kept, station, batch.stream);
    const readings = kept.stored.get(station) ?? [];
    kept.stored.set(station, readings);
    const { verdict, fresh, settlement } = sortBatch(atRevision(revisions, batch.rev), batch, (reading) =>
      readings.some(
        (other) =>
          other.seq === reading.seq &&
          other.stream === batch.stream &&
          other.rev === batch.rev &&
          sameContent(other, reading),
      ),
    );
    if (fresh.length > 0) {
      revisions.set(batch.rev, settlement);
      const changed = new Set(fresh.map(({ seq }) => seq));
      const superseded = readings.filter(
        ({ stream, rev, seq }) => stream === batch.stream && rev < batch.rev && changed.has(seq),
      );
      kept.marks.set(
        station,
        [...superseded, ...fresh].reduce((all, { observedAtMs }) => marked(all, observedAtMs), marksOf(kept, station)),
      );
      for (const reading of fresh) readings.push(storedReading(reading, batch, station, receivedAtMs));
      mark += 1;
      const firstMs = fresh.reduce((min, { observedAtMs }) => Math.min(min, observedAtMs), Number.POSITIVE_INFINITY);
      const fromMs = Math.min(firstMs, kept.dirty.get(station)?.fromMs ?? firstMs);
      kept.dirty.set(station, { station, fromMs, mark });
    }
    if (batch.lost.length > 0) revisions.set(0, settleUnstored(revisions.get(0) ?? unsettled, batch.lost));
    return verdict;
  }

  function within({ station, gauge, fromMs, toMs }: RangeQuery): StoredReading[] {
    return servedReadings(kept, station).filter(
      (each) =>
        each.observedAtMs >= fromMs && each.observedAtMs < toMs && (gauge === undefined || each.gauge === gauge),
    );
  }

  return {
    storeId: randomBytes(10).toString('hex'),
    generation: 1,
    capabilities: { lateVisibility: false, delete: false },
    append: async (batches) => batches.map(append),
    async settle(quarantined) {
      for (const { station, stream, rev, seqs } of quarantined) {
        const revisions = revisionsOf(kept, station, stream);
        const known = atRevision(revisions, rev);
        if (known !== undefined) revisions.set(rev, settleUnstored(known, seqs));
      }
    },
    settled(station, stream) {
      return { station, stream, settled: revisionsOf(kept, station, stream).get(0)?.settled ?? [] };
    },
    async latest() {
      const all = new Map<StationId, StoredReading>();
      for (const station of kept.stored.keys()) {
        const [first, ...rest] = servedReadings(kept, station);
        if (first !== undefined)
          all.set(
            station,
            rest.reduce((best, next) => (isNewer(next, best) ? next : best), first),
          );
      }
      return all;
    },
    async readings({ limit, after, ...query }) {
      const found = within(query).filter((reading) => after === undefined || isAfter(reading, after));
      const readings = found.slice(0, limit);
      const last = readings.at(-1);
      return { readings, next: found.length > limit && last !== undefined ? placeOf(last) : null };
    },
    async range({ buckets, ...query }) {
      const gathered = bucketer(query.fromMs, query.toMs, buckets);
      for (const reading of within(query)) gathered.add(reading);
      return gathered.buckets();
    },
    async gaps(query) {
      const finder = gapFinder(query.fromMs, query.toMs);
      for (const reading of within({ ...query, fromMs: Number.NEGATIVE_INFINITY })) finder.add(reading);
      return finder.gaps();
    },
    close: async () => {},
  };
}
