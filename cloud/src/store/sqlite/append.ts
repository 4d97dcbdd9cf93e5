import type { Reading, SeqRanges } from '@siaga/protocol';
import { platformError } from '../../errors.ts';
import type { IncomingBatch, QuarantinedSeqs, StoredReading, Verdict } from '../../ports.ts';
import { type Marks, marked, markedAll } from '../changed-hours.ts';
import { sameContent, settleUnstored, sortBatch, storedReading } from '../ledger.ts';
import { isNewer } from '../reading-order.ts';
import { runsByDay } from './hot-tier.ts';
import type { StationRow } from './names.ts';
import type { Parts } from './parts.ts';
import { dayOf, hoursOfDays } from './run-codec.ts';

/** What an append changes of a station, kept aside until the commit. */
type Touched = {
  readonly station: StationRow;
  fromMs: number;
  latest: StationRow['latest'];
  latestReading: StoredReading | null;
  corrected: boolean;
  marks: Marks;
};

/**
 * The way in: sorts batches by what is settled, adds what is new to the hot log, and saves settlements and
 * dirty marks in the same transaction. Memory follows after the commit; after a rollback it is read anew.
 */
export function createAppend(parts: Parts) {
  const { database, names, settlements, hot, days, tails, latestReadings } = parts;
  const { db, generation } = database;
  const nextMark = db.prepare('UPDATE store SET mark = mark + 1 WHERE generation = ? RETURNING mark');
  const saveStation = db.prepare(
    `UPDATE station SET dirty_from_ms = ?, dirty_mark = ?, changed_hours = ?,
       latest_ms = ?, latest_received_ms = ?, latest_hot_id = ?, latest_seq = ? WHERE no = ?`,
  );

  /** A rising number; fails when another process has opened the store since, whose memory would not know of ours. */
  function takeMark(): number {
    const row = nextMark.get(generation) as { mark: number } | undefined;
    if (row === undefined) throw platformError('lease-lost', 'The store was opened by another process.');
    return row.mark;
  }

  function isStored(station: StationRow, streamNo: number, { batch }: IncomingBatch, reading: Reading): boolean {
    const inTail = tails
      .known(station.id)
      ?.readings.find(({ stream, seq, rev }) => seq === reading.seq && stream === batch.stream && rev === batch.rev);
    const found = inTail ?? hot.find(station.no, dayOf(reading.observedAtMs), streamNo, batch.rev, reading.seq);
    return found !== undefined && sameContent(found, reading);
  }

  function settleWithoutReading(streamNo: number, rev: number, seqs: SeqRanges): void {
    const before = settlements.of(streamNo, rev);
    if (before !== undefined) settlements.stage(streamNo, rev, settleUnstored(before, seqs));
  }

  /** Adds what is new of one batch within the transaction. */
  function take(
    incoming: IncomingBatch,
    touched: Map<number, Touched>,
  ): { verdict: Verdict; fresh: readonly Reading[] } {
    const { batch } = incoming;
    const station = names.station(incoming.station);
    const streamNo = names.stream(station, batch.stream);
    const before = settlements.of(streamNo, batch.rev);
    const { verdict, fresh, settlement } = sortBatch(before, batch, (reading) =>
      isStored(station, streamNo, incoming, reading),
    );
    if (fresh.length > 0) {
      settlements.stage(streamNo, batch.rev, settlement);
      addRuns(incoming, station, streamNo, fresh, touched);
    }
    if (batch.lost.length > 0) settleWithoutReading(streamNo, 0, batch.lost);
    return { verdict, fresh };
  }

  function addRuns(
    { batch, receivedAtMs }: IncomingBatch,
    station: StationRow,
    streamNo: number,
    fresh: readonly Reading[],
    touched: Map<number, Touched>,
  ): void {
    const head = {
      gaugeNo: names.word(batch.gauge),
      bootNo: names.word(batch.boot),
      intervalS: batch.intervalS,
      maintenance: batch.maintenance,
    };
    let touch = touched.get(station.no);
    if (touch === undefined) {
      touch = {
        station,
        fromMs: Number.POSITIVE_INFINITY,
        latest: station.latest,
        latestReading: null,
        corrected: false,
        marks: station.marks,
      };
      touched.set(station.no, touch);
    }
    if (batch.rev > 0) {
      touch.corrected = true;
      touch.marks = markSuperseded(touch, streamNo, batch.rev, fresh);
    }
    // What comes after its correction is not served: the newest readings are looked up anew, without it.
    if (fresh.some(({ seq }) => settlements.isSuperseded(streamNo, batch.rev, seq))) touch.corrected = true;
    for (const readings of runsByDay(fresh)) {
      const hotId = hot.add(station.no, { head, streamNo, rev: batch.rev, receivedAtMs, readings });
      days.note(station, dayOf((readings[0] as Reading).observedAtMs));
      for (const reading of readings) {
        const { observedAtMs, seq } = reading;
        if (observedAtMs < touch.fromMs) touch.fromMs = observedAtMs;
        touch.marks = marked(touch.marks, observedAtMs);
        if (touch.latest === null || isNewer({ observedAtMs, receivedAtMs }, touch.latest)) {
          touch.latest = { observedAtMs, receivedAtMs, hotId, seq };
          touch.latestReading = storedReading(reading, batch, station.id, receivedAtMs);
        }
      }
    }
  }

  /**
   * Marks the hours of what a correction supersedes. It is nearly always of the same day; for one that was stored days
   * away (a clock that was wrong by so much) everything of the station is marked.
   */
  function markSuperseded(
    { station, marks }: Touched,
    streamNo: number,
    rev: number,
    fresh: readonly Reading[],
  ): Marks {
    const missing = new Set<string>();
    const near = new Set<number>();
    for (const { seq, observedAtMs } of fresh)
      for (const older of settlements.revisionsBelow(streamNo, rev, seq)) {
        missing.add(`${older}/${seq}`);
        for (const aside of [-1, 0, 1]) near.add(dayOf(observedAtMs) + aside);
      }
    const of = { streamNo, rev, seqFrom: (fresh[0] as Reading).seq, seqTo: (fresh.at(-1) as Reading).seq };
    let all = marks;
    for (const day of near) {
      if (missing.size === 0) break;
      for (const run of hot.revisionsBelow(station.no, day, of))
        for (const { seq, observedAtMs } of run.readings)
          if (missing.delete(`${run.rev}/${seq}`)) all = marked(all, observedAtMs);
    }
    const span = missing.size === 0 ? undefined : days.span(station);
    return span === undefined ? all : markedAll(all, hoursOfDays(span));
  }

  /** A correction may have moved the newest reading, or taken its place. */
  function findLatest(touch: Touched): void {
    const newest = days.newest(touch.station);
    if (newest === undefined) return;
    const { observedAtMs, receivedAtMs, seq } = newest.reading;
    touch.latest = { observedAtMs, receivedAtMs, hotId: newest.hotId, seq };
    touch.latestReading = newest.reading;
  }

  /** Where a station is dirty from, with earlier news that the judge has not folded. */
  const dirtyFrom = ({ station, fromMs }: Touched) => Math.min(fromMs, station.dirty?.fromMs ?? fromMs);

  function save(touch: Touched, mark: number): void {
    const { latest, station } = touch;
    saveStation.run(
      dirtyFrom(touch),
      mark,
      JSON.stringify(touch.marks.hours),
      latest?.observedAtMs ?? null,
      latest?.receivedAtMs ?? null,
      latest?.hotId ?? null,
      latest?.seq ?? null,
      station.no,
    );
  }

  function remember(touch: Touched, mark: number): void {
    const { station } = touch;
    station.dirty = { station: station.id, fromMs: dirtyFrom(touch), mark };
    parts.dirty.add(station);
    station.marks = touch.marks;
    parts.changed.add(station);
    station.latest = touch.latest;
    if (touch.latestReading !== null) latestReadings.set(station.id, touch.latestReading);
    if (touch.corrected) tails.forget(station.id);
  }

  /** Runs `work` in a transaction in which settlements may be staged; memory and database end alike. */
  function settling<T>(work: () => T): T {
    try {
      const result = database.transaction(() => {
        const done = work();
        settlements.save();
        return done;
      });
      settlements.keep();
      return result;
    } catch (error) {
      parts.reload();
      throw error;
    }
  }

  return {
    append(batches: readonly IncomingBatch[]): Verdict[] {
      const touched = new Map<number, Touched>();
      const { taken, mark } = settling(() => {
        const taken = batches.map((incoming) => ({ incoming, ...take(incoming, touched) }));
        const mark = touched.size > 0 || batches.some(({ batch }) => batch.lost.length > 0) ? takeMark() : 0;
        for (const touch of touched.values()) {
          if (touch.corrected) findLatest(touch);
          save(touch, mark);
        }
        return { taken, mark };
      });
      for (const { incoming, fresh } of taken) {
        const tail = tails.known(incoming.station);
        if (tail === undefined || incoming.batch.rev > 0) continue;
        for (const reading of fresh)
          if (reading.observedAtMs >= tail.fromMs)
            tails.add(storedReading(reading, incoming.batch, incoming.station, incoming.receivedAtMs));
      }
      for (const touch of touched.values()) remember(touch, mark);
      return taken.map(({ verdict }) => verdict);
    },
    settle(quarantined: readonly QuarantinedSeqs[]): void {
      settling(() => {
        takeMark();
        for (const { station, stream, rev, seqs } of quarantined)
          settleWithoutReading(names.stream(names.station(station), stream), rev, seqs);
      });
    },
  };
}
