import type { StationId, StationLevel } from '@siaga/protocol';
import type { JudgedStation } from '../../domain/level.ts';
import type { JudgingStore, KeptJudgement, StoredReading } from '../../ports.ts';
import { firstInstants } from '../reading-order.ts';
import { createLeases } from './leases.ts';
import type { Numbered } from './numbered.ts';
import type { Parts } from './parts.ts';
import { dayMs } from './run-codec.ts';

/** The judge's part of one SQLite database: see `JudgingStore`. */
export function createJudgingStore({ database, names, days, tails, dirty }: Parts, numbered: Numbered): JudgingStore {
  const { db } = database;
  const leases = createLeases(database);
  const saveJudged = db.prepare(
    'INSERT INTO judged VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET judged = excluded.judged, level = excluded.level',
  );
  const clearMark = db.prepare(
    'UPDATE station SET dirty_from_ms = NULL, dirty_mark = NULL WHERE no = ? AND dirty_mark = ?',
  );

  return {
    takeLease: async (shard) => database.transaction(() => leases.take(shard)),
    async dirty(limit) {
      const marks = [];
      for (const { dirty: mark } of dirty) {
        if (marks.length >= limit) break;
        if (mark !== null) marks.push(mark);
      }
      return marks;
    },
    async judged() {
      const rows = db.prepare('SELECT station, judged, level FROM judged').all() as Record<string, string>[];
      return new Map<StationId, KeptJudgement>(
        rows.map((row) => [
          row.station as string,
          {
            judged: JSON.parse(row.judged as string) as JudgedStation,
            level: JSON.parse(row.level as string) as StationLevel,
          },
        ]),
      );
    },
    async newer(station, gauge, afterMs, limit) {
      const isNews = (reading: StoredReading) => reading.observedAtMs > afterMs && reading.gauge === gauge;
      const tail = tails.of(station);
      if (afterMs >= tail.fromMs - 1) return firstInstants(tail.readings.filter(isNews), limit);
      const found: StoredReading[] = [];
      for await (const day of days.read(station, Math.max(0, afterMs), Number.MAX_SAFE_INTEGER)) {
        for (const reading of day) if (isNews(reading)) found.push(reading);
        if (found.length >= limit) break;
      }
      return firstInstants(found, limit);
    },
    async recent(station, gauge, spanMs) {
      const tail = tails.of(station);
      const ofGauge = tail.readings.filter((reading) => reading.gauge === gauge);
      const newest = ofGauge.at(-1);
      if (newest !== undefined && newest.observedAtMs - spanMs >= tail.fromMs)
        return ofGauge.filter(({ observedAtMs }) => observedAtMs >= newest.observedAtMs - spanMs);
      return readRecent(station, gauge, spanMs);
    },
    async commit({ shard, fence, knownAtMs, judgements, cleared }) {
      const changes = database.transaction(() => {
        leases.prove(shard, fence);
        for (const { station, judged, level } of judgements)
          saveJudged.run(station, JSON.stringify(judged), JSON.stringify(level));
        for (const { station, mark } of cleared) {
          const row = names.stations.get(station);
          if (row !== undefined) clearMark.run(row.no, mark);
        }
        const changed = judgements.filter((judgement) => judgement.changed);
        return numbered.write(
          changed.map(({ station, level }) => ({ kind: 'station', id: station, level })),
          knownAtMs,
        );
      });
      for (const { station, mark } of cleared) {
        const row = names.stations.get(station);
        if (row?.dirty?.mark !== mark) continue;
        row.dirty = null;
        dirty.delete(row);
      }
      // A station with more than one turn's work goes to the end of the row, so that it holds up nobody.
      for (const { station } of judgements) {
        const row = names.stations.get(station);
        if (row !== undefined && dirty.delete(row)) dirty.add(row);
      }
      numbered.tell(changes);
      return changes;
    },
  };

  /** Reads the last days until the span before the gauge's newest reading is covered. */
  async function readRecent(id: StationId, gauge: string, spanMs: number): Promise<StoredReading[]> {
    const station = names.stations.get(id);
    if (station === undefined || station.latest === null) return [];
    let found: StoredReading[] = [];
    for (let day = days.previousDay(station, 100_000); day !== undefined; day = days.previousDay(station, day - 1)) {
      found = [...days.readDay(station, day).filter((reading) => reading.gauge === gauge), ...found];
      const newest = found.at(-1);
      if (newest === undefined) continue;
      const fromMs = newest.observedAtMs - spanMs;
      if (fromMs >= day * dayMs) return found.filter(({ observedAtMs }) => observedAtMs >= fromMs);
    }
    const newest = found.at(-1);
    return found.filter(({ observedAtMs }) => observedAtMs >= (newest?.observedAtMs ?? 0) - spanMs);
  }
}
