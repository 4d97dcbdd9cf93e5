import type { SeqRanges, StationId, StreamId } from '@siaga/protocol';
import type { DirtyMark } from '../../ports.ts';
import { type Marks, storedMarks, unmarked } from '../changed-hours.ts';
import type { Database } from './database.ts';
import { recentlyUsed } from './recently-used.ts';

/** A few MB. */
const maxNamesInMemory = 20_000;

/** What is kept in memory of a station: its number, its marks for the two judges, and where its newest reading lies. */
export type StationRow = {
  readonly no: number;
  readonly id: StationId;
  dirty: DirtyMark | null;
  marks: Marks;
  latest: {
    readonly observedAtMs: number;
    readonly receivedAtMs: number;
    readonly hotId: number;
    readonly seq: number;
  } | null;
};

type Stored = {
  no: number;
  id: string;
  dirty_from_ms: number | null;
  dirty_mark: number | null;
  latest_ms: number | null;
  latest_received_ms: number | null;
  latest_hot_id: number | null;
  latest_seq: number | null;
  changed_hours: string | null;
};

/**
 * The numbers under which stations, streams and words (gauge and boot ids) are stored. All stations are
 * in memory, streams and words (a device may bring ever new ones) as they are asked for. New ones are numbered
 * within the caller's transaction; after a rollback `reload` forgets them.
 */
export function createNames({ db }: Database) {
  const stations = new Map<StationId, StationRow>();
  const stationIds = new Map<number, StationId>();
  /** By `station/stream`. */
  const streams = recentlyUsed<string, number>(maxNamesInMemory);
  const streamIds = recentlyUsed<number, StreamId>(maxNamesInMemory);
  const words = recentlyUsed<string, number>(maxNamesInMemory);
  const wordTexts = recentlyUsed<number, string>(maxNamesInMemory);

  const addStation = db.prepare('INSERT INTO station (id) VALUES (?) RETURNING no');
  const findStream = db.prepare('SELECT no FROM stream WHERE station_no = ? AND id = ?');
  const addStream = db.prepare('INSERT INTO stream (station_no, id) VALUES (?, ?) RETURNING no');
  const streamOf = db.prepare('SELECT id FROM stream WHERE no = ?');
  const findWord = db.prepare('SELECT no FROM word WHERE text = ?');
  const addWord = db.prepare('INSERT INTO word (text) VALUES (?) RETURNING no');
  const wordOf = db.prepare('SELECT text FROM word WHERE no = ?');

  function reload(): void {
    for (const map of [stations, stationIds, streams, streamIds, words, wordTexts]) map.clear();
    for (const row of db.prepare('SELECT * FROM station').all() as Stored[]) {
      stationIds.set(row.no, row.id);
      stations.set(row.id, stationRow(row));
    }
  }

  function learnWord(no: number, text: string): number {
    words.set(text, no);
    wordTexts.set(no, text);
    return no;
  }

  function learnStream(station: StationId, stream: StreamId, no: number): number {
    streams.set(`${station}/${stream}`, no);
    streamIds.set(no, stream);
    return no;
  }

  const numberOf = (row: unknown): number | undefined => (row as { no: number } | undefined)?.no;

  /** The stream's number if it has one. */
  function knownStream(station: StationId, stream: StreamId): number | undefined {
    const known = streams.get(`${station}/${stream}`);
    if (known !== undefined) return known;
    const row = stations.get(station);
    const no = row === undefined ? undefined : numberOf(findStream.get(row.no, stream));
    return no === undefined ? undefined : learnStream(station, stream, no);
  }

  reload();
  return {
    reload,
    stations,
    knownStream,
    station(id: StationId): StationRow {
      const known = stations.get(id);
      if (known !== undefined) return known;
      const row = { no: numberOf(addStation.get(id)) as number, id, dirty: null, marks: unmarked, latest: null };
      stationIds.set(row.no, id);
      stations.set(id, row);
      return row;
    },
    stream(station: StationRow, stream: StreamId): number {
      const known = knownStream(station.id, stream);
      return known ?? learnStream(station.id, stream, numberOf(addStream.get(station.no, stream)) as number);
    },
    streamId(no: number): StreamId {
      const known = streamIds.get(no);
      if (known !== undefined) return known;
      const { id } = streamOf.get(no) as { id: string };
      streamIds.set(no, id);
      return id;
    },
    word(text: string): number {
      const known = words.get(text);
      return known ?? learnWord(numberOf(findWord.get(text) ?? addWord.get(text)) as number, text);
    },
    wordText(no: number): string {
      const known = wordTexts.get(no);
      if (known !== undefined) return known;
      const { text } = wordOf.get(no) as { text: string };
      wordTexts.set(no, text);
      return text;
    },
  };
}
export type Names = ReturnType<typeof createNames>;

function stationRow(row: Stored): StationRow {
  return {
    no: row.no,
    id: row.id,
    dirty:
      row.dirty_mark === null || row.dirty_from_ms === null
        ? null
        : { station: row.id, fromMs: row.dirty_from_ms, mark: row.dirty_mark },
    marks: row.changed_hours === null ? unmarked : storedMarks(JSON.parse(row.changed_hours) as SeqRanges),
    latest:
      row.latest_ms === null
        ? null
        : {
            observedAtMs: row.latest_ms,
            receivedAtMs: row.latest_received_ms as number,
            hotId: row.latest_hot_id as number,
            seq: row.latest_seq as number,
          },
  };
}
