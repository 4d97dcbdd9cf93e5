import type { StationId } from '@siaga/protocol';
import type { StoredReading } from '../../ports.ts';
import { byTime, isNewer } from '../reading-order.ts';
import type { Database } from './database.ts';
import type { HotTier, Run } from './hot-tier.ts';
import type { Names, StationRow } from './names.ts';
import { dayOf } from './run-codec.ts';
import type { Settlements } from './settlements.ts';

/** About how many readings a read may take before it lets the event loop turn: a few ms. */
const readingsPerTurn = 4000;

/** A day after all readings: beyond the year 2200. */
const farDay = 100_000;

/**
 * A station's readings, day by day. Every read of readings goes through `readDay`: it serves the newest
 * revision of each, and is where the cold tier will be merged in.
 */
export function createStationDays({ db }: Database, parts: { hot: HotTier; names: Names; settlements: Settlements }) {
  const { hot, names, settlements } = parts;
  const addDay = db.prepare('INSERT OR IGNORE INTO station_day VALUES (?, ?)');
  const forward = db.prepare('SELECT day FROM station_day WHERE station_no = ? AND day >= ? ORDER BY day LIMIT 1');
  const backward = db.prepare(
    'SELECT day FROM station_day WHERE station_no = ? AND day <= ? ORDER BY day DESC LIMIT 1',
  );
  /** The day last added for each station: saves a statement for nearly every append. */
  const lastAdded = new Map<number, number>();

  const dayFrom = (row: unknown): number | undefined => (row as { day: number } | undefined)?.day;

  function storedReadings(station: StationRow, run: Run): StoredReading[] {
    const stream = names.streamId(run.streamNo);
    const gauge = names.wordText(run.head.gaugeNo);
    const { rev, receivedAtMs } = run;
    const { intervalS, maintenance } = run.head;
    return run.readings
      .filter(({ seq }) => !settlements.isSuperseded(run.streamNo, rev, seq))
      .map((reading) => ({
        ...reading,
        station: station.id,
        stream,
        rev,
        gauge,
        intervalS,
        maintenance,
        receivedAtMs,
      }));
  }

  /** One UTC day of a station in order of time, newest revisions only. */
  function readDay(station: StationRow, day: number): StoredReading[] {
    return hot
      .readDay(station.no, day)
      .flatMap((run) => storedReadings(station, run))
      .sort(byTime);
  }

  function nextDay(station: StationRow, day: number): number | undefined {
    return dayFrom(forward.get(station.no, day));
  }

  function previousDay(station: StationRow, day: number): number | undefined {
    return dayFrom(backward.get(station.no, day));
  }

  let turns = Promise.resolve();

  /** One turn of the event loop for one read: many long ones at once hold up ingest no more than one does. */
  function nextTurn(): Promise<void> {
    turns = turns.then(() => new Promise((resolve) => setImmediate(resolve)));
    return turns;
  }

  return {
    readDay,
    nextDay,
    previousDay,
    storedReadings,
    note(station: StationRow, day: number): void {
      if (lastAdded.get(station.no) === day) return;
      addDay.run(station.no, day);
      lastAdded.set(station.no, day);
    },
    /** The first and the last day with readings. */
    span(station: StationRow): readonly [from: number, to: number] | undefined {
      const from = nextDay(station, 0);
      const to = previousDay(station, farDay);
      return from === undefined || to === undefined ? undefined : [from, to];
    },
    /** After a rollback the days noted since may be gone. */
    forget(): void {
      lastAdded.clear();
    },
    /**
     * Days with readings from `fromMs` until before `toMs`, oldest first, read as they are asked for; the
     * event loop turns between them.
     */
    async *read(id: StationId, fromMs: number, toMs: number): AsyncGenerator<StoredReading[]> {
      const station = names.stations.get(id);
      if (station === undefined) return;
      let read = 0;
      for (
        let day = nextDay(station, dayOf(fromMs));
        day !== undefined && day <= dayOf(toMs - 1);
        day = nextDay(station, day + 1)
      ) {
        if (read >= readingsPerTurn) {
          await nextTurn();
          read = 0;
        }
        const readings = readDay(station, day);
        read += readings.length;
        yield readings;
      }
    },
    /** The newest reading of a station and the id of its run, read back from its days. */
    newest(station: StationRow): { reading: StoredReading; hotId: number } | undefined {
      for (let day = previousDay(station, farDay); day !== undefined; day = previousDay(station, day - 1)) {
        let best: { reading: StoredReading; hotId: number } | undefined;
        for (const run of hot.readDay(station.no, day))
          for (const reading of storedReadings(station, run))
            if (best === undefined || isNewer(reading, best.reading)) best = { reading, hotId: run.id };
        if (best !== undefined) return best;
      }
      return undefined;
    },
  };
}
