import type { Severity, StationId } from '@siaga/protocol';
import type { KeptEpisode } from '../../domain/episode-diff.ts';
import type { Checkpoint, FoldedHours, HistoryStore, StoredReading } from '../../ports.ts';
import { changedHours, folded as foldedMarks, hoursFrom, markedAll, taken, unmarked } from '../changed-hours.ts';
import { createLeases } from './leases.ts';
import type { StationRow } from './names.ts';
import type { Numbered } from './numbered.ts';
import type { Parts } from './parts.ts';
import { dayMs, dayOf, hoursOfDays } from './run-codec.ts';

type EpisodeRow = {
  station_no: number;
  severity: number;
  since_ms: number;
  settled_ms: number;
  until_ms: number | null;
  band_label: string;
  peak_stage_mm: number;
  peak_at_ms: number;
  peak_at_least: number;
  readings: number;
  first_known_ms: number;
};

/** Stands for the end of time in `settled_ms`. */
const lasting = Number.MAX_SAFE_INTEGER;

/** Episodes and what they are recomputed from, over one SQLite database: see `HistoryStore`. */
export function createHistoryStore({ database, names, days, tails, changed }: Parts, numbered: Numbered): HistoryStore {
  const { db } = database;
  const leases = createLeases(database);
  const saveHours = db.prepare('UPDATE station SET changed_hours = ? WHERE no = ?');
  const before = db.prepare(
    'SELECT hour, fold FROM checkpoint WHERE station_no = ? AND hour < ? ORDER BY hour DESC LIMIT 1',
  );
  const within = db.prepare(
    'SELECT hour, fold FROM checkpoint WHERE station_no = ? AND hour BETWEEN ? AND ? ORDER BY hour',
  );
  const dropCheckpoints = db.prepare('DELETE FROM checkpoint WHERE station_no = ? AND hour BETWEEN ? AND ?');
  const addCheckpoint = db.prepare('INSERT INTO checkpoint VALUES (?, ?, ?)');
  const ofAll = db.prepare(
    'SELECT * FROM episode WHERE since_ms < ? AND settled_ms >= ? ORDER BY since_ms, severity, settled_ms',
  );
  const ofStation = db.prepare(
    `SELECT * FROM episode WHERE station_no = ? AND since_ms < ? AND settled_ms >= ?
     ORDER BY since_ms, severity, settled_ms`,
  );
  const saveEpisode = db.prepare('INSERT OR REPLACE INTO episode VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const dropEpisode = db.prepare(
    'DELETE FROM episode WHERE station_no = ? AND since_ms = ? AND severity = ? AND settled_ms = ?',
  );
  const saveFingerprint = db.prepare(
    'INSERT INTO history VALUES (?, ?) ON CONFLICT DO UPDATE SET fingerprint = excluded.fingerprint',
  );
  const dropFingerprint = db.prepare('DELETE FROM history WHERE station = ?');

  function write(row: StationRow, { from, to, checkpoints, put, removed }: FoldedHours): void {
    dropCheckpoints.run(row.no, from, to);
    for (const { hour, fold } of checkpoints) addCheckpoint.run(row.no, hour, fold);
    for (const { severity, sinceMs, settledAtMs } of removed)
      dropEpisode.run(row.no, sinceMs, severity, settledAtMs ?? lasting);
    for (const episode of put)
      saveEpisode.run(
        row.no,
        episode.severity,
        episode.sinceMs,
        episode.settledAtMs ?? lasting,
        episode.untilMs,
        episode.bandLabel,
        episode.peakStageMm,
        episode.peakAtMs,
        episode.peakAtLeast ? 1 : 0,
        episode.readings,
        episode.firstKnownAtMs,
      );
  }

  /** Marks in the database now, in memory after the commit. */
  function saveMarks(row: StationRow, marks: StationRow['marks']): () => void {
    saveHours.run(marks.hours.length === 0 ? null : JSON.stringify(marks.hours), row.no);
    return () => {
      row.marks = marks;
      // To the end of the row: who waits behind a long backlog has its turn first.
      changed.delete(row);
      if (marks.hours.length > 0) changed.add(row);
    };
  }

  return {
    takeLease: async (shard) => database.transaction(() => leases.take(shard)),
    async take(limit) {
      const rows: StationRow[] = [];
      for (const row of changed) if (rows.push(row) >= limit) break;
      for (const row of rows) row.marks = taken(row.marks);
      return rows.map((row) => changedHours(row.id, row.marks));
    },
    async from(station, gauge, fromMs, limit) {
      const isAsked = (reading: StoredReading) => reading.observedAtMs >= fromMs && reading.gauge === gauge;
      const tail = tails.of(station);
      if (fromMs >= tail.fromMs) return { readings: tail.readings.filter(isAsked), upToMs: null };
      const row = names.stations.get(station);
      const found: StoredReading[] = [];
      let day = dayOf(fromMs);
      for await (const readings of days.read(station, fromMs, Number.MAX_SAFE_INTEGER)) {
        for (const reading of readings) if (isAsked(reading)) found.push(reading);
        if (found.length < limit) continue;
        day = dayOf((found.at(-1) as StoredReading).observedAtMs);
        const isLast = row === undefined || days.nextDay(row, day + 1) === undefined;
        return { readings: found, upToMs: isLast ? null : (day + 1) * dayMs };
      }
      return { readings: found, upToMs: null };
    },
    async checkpointBefore(station, hour) {
      const row = names.stations.get(station);
      return row === undefined ? undefined : (before.get(row.no, hour) as Checkpoint | undefined);
    },
    async checkpoints(station, from, to) {
      const row = names.stations.get(station);
      return row === undefined ? [] : (within.all(row.no, from, to) as Checkpoint[]);
    },
    async episodes({ station, fromMs, toMs }) {
      if (station === undefined) {
        const ids = new Map([...names.stations.values()].map(({ no, id }) => [no, id]));
        return (ofAll.all(toMs, fromMs) as EpisodeRow[]).map((row) => kept(ids.get(row.station_no) as string, row));
      }
      const row = names.stations.get(station);
      if (row === undefined) return [];
      return (ofStation.all(row.no, toMs, fromMs) as EpisodeRow[]).map((found) => kept(station, found));
    },
    async fingerprints() {
      const rows = db.prepare('SELECT station, fingerprint FROM history').all() as Record<string, string>[];
      return new Map(rows.map((row) => [row.station as StationId, row.fingerprint as string]));
    },
    async refold({ shard, fence, fingerprints, fromMs = 0 }) {
      const remember = database.transaction(() => {
        leases.prove(shard, fence);
        return [...fingerprints].map(([station, fingerprint]) => {
          if (fingerprint === null) dropFingerprint.run(station);
          else saveFingerprint.run(station, fingerprint);
          const row = names.stations.get(station);
          const span = row === undefined ? undefined : days.span(row);
          if (row === undefined || span === undefined) return () => {};
          if (fingerprint === null) return saveMarks(row, unmarked);
          const hours = hoursFrom(hoursOfDays(span), fromMs);
          return hours === null ? () => {} : saveMarks(row, markedAll(row.marks, hours));
        });
      });
      for (const done of remember) done();
    },
    async commit({ shard, fence, knownAtMs, folded, changes: drafts }) {
      const { changes, remember } = database.transaction(() => {
        leases.prove(shard, fence);
        const remember = folded.flatMap((piece) => {
          const row = names.stations.get(piece.station);
          if (row === undefined) return [];
          write(row, piece);
          return [saveMarks(row, foldedMarks(row.marks, piece))];
        });
        return { remember, changes: numbered.write(drafts, knownAtMs) };
      });
      for (const done of remember) done();
      numbered.tell(changes);
      return changes;
    },
  };
}

function kept(station: StationId, row: EpisodeRow): KeptEpisode {
  return {
    station,
    severity: row.severity as Severity,
    bandLabel: row.band_label,
    sinceMs: row.since_ms,
    untilMs: row.until_ms,
    settledAtMs: row.settled_ms === lasting ? null : row.settled_ms,
    peakStageMm: row.peak_stage_mm,
    peakAtMs: row.peak_at_ms,
    peakAtLeast: row.peak_at_least === 1,
    readings: row.readings,
    firstKnownAtMs: row.first_known_ms,
  };
}
