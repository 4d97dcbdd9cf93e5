import type { StationId } from '@siaga/protocol';
import type { ReadingStore, StoredReading } from '../../ports.ts';
import { isAfter, placeOf } from '../reading-order.ts';
import { bucketer, gapFinder, isEvidence } from '../summaries.ts';
import { createAppend } from './append.ts';
import type { StationRow } from './names.ts';
import type { Parts } from './parts.ts';
import { dayOf } from './run-codec.ts';

/** Readings over one SQLite database: see `ReadingStore`. Closing it closes the database for all its stores. */
export function createReadingStore(parts: Parts): ReadingStore {
  const { database, names, settlements, days, hot, latestReadings } = parts;
  const { append, settle } = createAppend(parts);

  function latestOf(station: StationRow): StoredReading | undefined {
    const known = latestReadings.get(station.id);
    if (known !== undefined || station.latest === null) return known;
    const { hotId, seq } = station.latest;
    const run = hot.run(hotId);
    const stored = run === undefined ? [] : days.storedReadings(station, run);
    const reading = stored.find((candidate) => candidate.seq === seq) ?? days.newest(station)?.reading;
    if (reading !== undefined) latestReadings.set(station.id, reading);
    return reading;
  }

  /** The evidence before a span says whether it begins within a gap. */
  function lastEvidenceBefore(id: StationId, gauge: string | undefined, atMs: number): StoredReading | undefined {
    const station = names.stations.get(id);
    if (station === undefined) return undefined;
    let day = days.previousDay(station, dayOf(atMs));
    for (let looked = 0; looked < 3 && day !== undefined; looked += 1) {
      const found = days
        .readDay(station, day)
        .findLast((each) => each.observedAtMs < atMs && isEvidence(each) && (gauge ?? each.gauge) === each.gauge);
      if (found !== undefined) return found;
      day = days.previousDay(station, day - 1);
    }
    return undefined;
  }

  return {
    storeId: database.storeId,
    generation: database.generation,
    capabilities: { lateVisibility: false, delete: false },
    append: async (batches) => append(batches),
    settle: async (quarantined) => settle(quarantined),
    settled(station, stream) {
      const streamNo = names.knownStream(station, stream);
      return { station, stream, settled: streamNo === undefined ? [] : (settlements.of(streamNo, 0)?.settled ?? []) };
    },
    async latest() {
      const all = new Map<StationId, StoredReading>();
      for (const station of names.stations.values()) {
        const reading = latestOf(station);
        if (reading !== undefined) all.set(station.id, reading);
      }
      return all;
    },
    async readings({ station, gauge, fromMs, toMs, limit, after }) {
      const found: StoredReading[] = [];
      const beginMs = Math.max(fromMs, after?.observedAtMs ?? fromMs);
      for await (const day of days.read(station, beginMs, toMs)) {
        for (const reading of day) {
          const { observedAtMs } = reading;
          if (observedAtMs < fromMs || observedAtMs >= toMs || (gauge !== undefined && reading.gauge !== gauge))
            continue;
          if (after === undefined || isAfter(reading, after)) found.push(reading);
        }
        if (found.length > limit) break;
      }
      const readings = found.slice(0, limit);
      const last = readings.at(-1);
      return { readings, next: found.length > limit && last !== undefined ? placeOf(last) : null };
    },
    async range({ station, gauge, fromMs, toMs, buckets }) {
      const gathered = bucketer(fromMs, toMs, buckets);
      for await (const day of days.read(station, fromMs, toMs))
        for (const reading of day) if (gauge === undefined || reading.gauge === gauge) gathered.add(reading);
      return gathered.buckets();
    },
    async gaps({ station, gauge, fromMs, toMs }) {
      const finder = gapFinder(fromMs, toMs);
      const before = lastEvidenceBefore(station, gauge, fromMs);
      if (before !== undefined) finder.add(before);
      for await (const day of days.read(station, fromMs, toMs))
        for (const reading of day)
          if (reading.observedAtMs >= fromMs && (gauge === undefined || reading.gauge === gauge)) finder.add(reading);
      return finder.gaps();
    },
    async close() {
      database.close();
    },
  };
}
