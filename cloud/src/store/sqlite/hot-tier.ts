import type { Reading } from '@siaga/protocol';
import type { Database } from './database.ts';
import { dayOf, decodeRun, encodeRun, type RunHead } from './run-codec.ts';

/** Consecutive readings of one message within one UTC day, as they are stored. */
export type Run = {
  readonly head: RunHead;
  readonly streamNo: number;
  readonly rev: number;
  readonly receivedAtMs: number;
  readonly readings: readonly Reading[];
};

/** A run as it was read back, with the id of its row. */
export type StoredRun = Run & { readonly id: number };

type Row = {
  id: number;
  day: number;
  stream_no: number;
  seq_from: number;
  seq_to: number;
  rev: number;
  received_at_ms: number;
  body: Uint8Array;
};

/**
 * The hot log: runs in order of arrival, found again by (day, station). The only file that knows its table.
 * A cold tier of compressed station-days takes over whole days from it; `station-days.ts` reads both.
 */
export function createHotTier({ db }: Database) {
  const insert = db.prepare(
    `INSERT INTO hot (station_no, day, stream_no, seq_from, seq_to, rev, received_at_ms, body)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const ofDay = db.prepare(
    'SELECT id, day, stream_no, seq_from, seq_to, rev, received_at_ms, body FROM hot WHERE day = ? AND station_no = ?',
  );
  const ofSeqs = db.prepare(
    `SELECT id, day, stream_no, seq_from, seq_to, rev, received_at_ms, body FROM hot
     WHERE day = ? AND station_no = ? AND stream_no = ? AND rev = ? AND seq_from <= ? AND seq_to >= ?`,
  );
  const ofRevisions = db.prepare(
    `SELECT id, day, stream_no, seq_from, seq_to, rev, received_at_ms, body FROM hot
     WHERE day = ? AND station_no = ? AND stream_no = ? AND rev < ? AND seq_from <= ? AND seq_to >= ?`,
  );
  const byId = db.prepare(
    'SELECT id, day, stream_no, seq_from, seq_to, rev, received_at_ms, body FROM hot WHERE id = ?',
  );

  return {
    /** Adds a run and returns the id of its row. All readings lie in one UTC day, their `seq` without holes. */
    add(stationNo: number, run: Run): number {
      const first = run.readings[0] as Reading;
      const last = run.readings[run.readings.length - 1] as Reading;
      const { lastInsertRowid } = insert.run(
        stationNo,
        dayOf(first.observedAtMs),
        run.streamNo,
        first.seq,
        last.seq,
        run.rev,
        run.receivedAtMs,
        encodeRun(run.head, run.readings),
      );
      return Number(lastInsertRowid);
    },
    readDay(stationNo: number, day: number): StoredRun[] {
      return (ofDay.all(day, stationNo) as Row[]).map(runOf);
    },
    /** The stored reading of that identity in that day, whatever its content. */
    find(stationNo: number, day: number, streamNo: number, rev: number, seq: number): Reading | undefined {
      const row = ofSeqs.get(day, stationNo, streamNo, rev, seq, seq) as Row | undefined;
      return row === undefined ? undefined : runOf(row).readings[seq - row.seq_from];
    },
    /** Runs of that day with numbers in [seqFrom, seqTo] at a lower revision. */
    revisionsBelow(
      stationNo: number,
      day: number,
      of: { streamNo: number; rev: number; seqFrom: number; seqTo: number },
    ): StoredRun[] {
      return (ofRevisions.all(day, stationNo, of.streamNo, of.rev, of.seqTo, of.seqFrom) as Row[]).map(runOf);
    },
    run(id: number): StoredRun | undefined {
      const row = byId.get(id) as Row | undefined;
      return row === undefined ? undefined : runOf(row);
    },
  };
}
export type HotTier = ReturnType<typeof createHotTier>;

function runOf(row: Row): StoredRun {
  const { head, readings } = decodeRun(row.body, row.day, row.seq_from, row.seq_to - row.seq_from + 1);
  return { id: row.id, head, readings, streamNo: row.stream_no, rev: row.rev, receivedAtMs: row.received_at_ms };
}

/** Cuts readings in order of `seq` where a number is missing or a UTC day ends. */
export function runsByDay(readings: readonly Reading[]): Reading[][] {
  const runs: Reading[][] = [];
  let run: Reading[] = [];
  let nextSeq = 0;
  let day = Number.NaN;
  for (const reading of readings) {
    const itsDay = dayOf(reading.observedAtMs);
    if (reading.seq !== nextSeq || itsDay !== day) {
      run = [];
      runs.push(run);
    }
    run.push(reading);
    nextSeq = reading.seq + 1;
    day = itsDay;
  }
  return runs;
}
