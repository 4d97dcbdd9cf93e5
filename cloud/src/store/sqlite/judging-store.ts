import type { Change, StationId, StationLevel } from '@siaga/protocol';
import type { JudgedStation } from '../../domain/level.ts';
import { platformError } from '../../errors.ts';
import type { Judgement, JudgingStore, KeptJudgement, StoredReading } from '../../ports.ts';
import { firstInstants } from '../reading-order.ts';
import type { Parts } from './parts.ts';
import { dayMs } from './run-codec.ts';

/** The judge's part of one SQLite database: see `JudgingStore`. */
export function createJudgingStore({ database, names, days, tails, dirty }: Parts): JudgingStore {
  const { db } = database;
  const lease = db.prepare(
    'INSERT INTO lease VALUES (?, 1) ON CONFLICT DO UPDATE SET fence = fence + 1 RETURNING fence',
  );
  const fenceOf = db.prepare('SELECT fence FROM lease WHERE shard = ?');
  const saveJudged = db.prepare(
    'INSERT INTO judged VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET judged = excluded.judged, level = excluded.level',
  );
  const clearMark = db.prepare(
    'UPDATE station SET dirty_from_ms = NULL, dirty_mark = NULL WHERE no = ? AND dirty_mark = ?',
  );
  const addChange = db.prepare('INSERT INTO change VALUES (?, ?, ?, ?)');
  const headOf = db.prepare('SELECT seq FROM stream_head');
  const raiseHead = db.prepare('UPDATE stream_head SET seq = seq + ? RETURNING seq');

  /** Writes changes after the present head, then raises it: order of number is order of commit. */
  function writeChanges(judgements: readonly Judgement[], knownAtMs: number): Change[] {
    const changed = judgements.filter((judgement) => judgement.changed);
    if (changed.length === 0) return [];
    const before = (headOf.get() as { seq: number }).seq;
    const knownAt = new Date(knownAtMs).toISOString();
    const changes = changed.map(
      ({ station, level }, i): Change => ({ seq: before + i + 1, knownAt, kind: 'station', id: station, level }),
    );
    for (const { seq, id, level } of changes) addChange.run(seq, knownAtMs, id, JSON.stringify(level));
    raiseHead.get(changed.length);
    return changes;
  }

  return {
    takeLease: async (shard) => database.transaction(() => (lease.get(shard) as { fence: number }).fence),
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
        const held = (fenceOf.get(shard) as { fence: number } | undefined)?.fence;
        if (held !== fence) throw platformError('lease-lost', `Another judge has taken the lease of shard ${shard}.`);
        for (const { station, judged, level } of judgements)
          saveJudged.run(station, JSON.stringify(judged), JSON.stringify(level));
        for (const { station, mark } of cleared) {
          const row = names.stations.get(station);
          if (row !== undefined) clearMark.run(row.no, mark);
        }
        return writeChanges(judgements, knownAtMs);
      });
      for (const { station, mark } of cleared) {
        const row = names.stations.get(station);
        if (row?.dirty?.mark !== mark) continue;
        row.dirty = null;
        dirty.delete(row);
      }
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
