/**
 * The database's history, oldest first. A migration that was released is never edited: the next one is
 * appended. Each runs once, in its own transaction with its note in `migrations`.
 */
export type Migration = { readonly number: number; readonly name: string; readonly sql: string };

export const migrations: readonly Migration[] = [
  {
    number: 1,
    name: 'the walk',
    sql: `
      -- One row: who this store is, how often it was opened, and the rising number of the last append.
      CREATE TABLE store (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        store_id TEXT NOT NULL, epoch TEXT NOT NULL,
        generation INTEGER NOT NULL, mark INTEGER NOT NULL
      ) STRICT;

      -- Short numbers for long names. dirty_*: news that the judge has not folded. latest_*: newest reading.
      CREATE TABLE station (
        no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
        dirty_from_ms INTEGER, dirty_mark INTEGER,
        latest_ms INTEGER, latest_received_ms INTEGER, latest_hot_id INTEGER, latest_seq INTEGER
      ) STRICT;
      CREATE TABLE stream (
        no INTEGER PRIMARY KEY, station_no INTEGER NOT NULL, id TEXT NOT NULL, UNIQUE (station_no, id)
      ) STRICT;
      CREATE TABLE word (no INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;

      -- Interval sets of settled numbers, and of those among them without a stored reading, as JSON.
      CREATE TABLE settled (
        stream_no INTEGER NOT NULL, rev INTEGER NOT NULL, settled TEXT NOT NULL, unstored TEXT NOT NULL,
        PRIMARY KEY (stream_no, rev)
      ) STRICT, WITHOUT ROWID;

      -- The hot log, in order of arrival: one row a stored run of a message within one UTC day.
      CREATE TABLE hot (
        id INTEGER PRIMARY KEY,
        station_no INTEGER NOT NULL, day INTEGER NOT NULL,
        stream_no INTEGER NOT NULL, seq_from INTEGER NOT NULL, seq_to INTEGER NOT NULL, rev INTEGER NOT NULL,
        received_at_ms INTEGER NOT NULL, body BLOB NOT NULL
      ) STRICT;
      -- The day leads, so that what is written now lies together on few pages.
      CREATE INDEX hot_day ON hot (day, station_no);
      -- Which UTC days (since 1970) of a station hold readings.
      CREATE TABLE station_day (
        station_no INTEGER NOT NULL, day INTEGER NOT NULL, PRIMARY KEY (station_no, day)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE judged (station TEXT PRIMARY KEY, judged TEXT NOT NULL, level TEXT NOT NULL) STRICT, WITHOUT ROWID;
      CREATE TABLE lease (shard TEXT PRIMARY KEY, fence INTEGER NOT NULL) STRICT, WITHOUT ROWID;
      CREATE TABLE stream_head (only INTEGER PRIMARY KEY CHECK (only = 1), seq INTEGER NOT NULL) STRICT;
      INSERT INTO stream_head VALUES (1, 0);
      CREATE TABLE change (
        seq INTEGER PRIMARY KEY, known_at_ms INTEGER NOT NULL, station TEXT NOT NULL, level TEXT NOT NULL
      ) STRICT;

      CREATE TABLE quarantine (
        id INTEGER PRIMARY KEY,
        station TEXT NOT NULL, topic TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
        sha256 TEXT NOT NULL, payload BLOB NOT NULL, received_at_ms INTEGER NOT NULL, count INTEGER NOT NULL,
        UNIQUE (sha256, reason, station)
      ) STRICT;

      CREATE TABLE device (
        station TEXT PRIMARY KEY,
        connected INTEGER NOT NULL, connection INTEGER NOT NULL,
        health TEXT, health_at_ms INTEGER, about TEXT, about_at_ms INTEGER
      ) STRICT, WITHOUT ROWID;
    `,
  },
  {
    number: 2,
    name: 'bounded quarantine',
    sql: `
      -- Payloads apart, so that a list of rejects does not read them; bytes: what a reject counts against its station.
      CREATE TABLE reject (
        id INTEGER PRIMARY KEY,
        station TEXT NOT NULL, topic TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
        sha256 TEXT NOT NULL, received_at_ms INTEGER NOT NULL, count INTEGER NOT NULL, bytes INTEGER NOT NULL,
        UNIQUE (sha256, reason, station)
      ) STRICT;
      CREATE INDEX reject_newest ON reject (received_at_ms);
      CREATE INDEX reject_of_station ON reject (station, received_at_ms);
      CREATE INDEX reject_of_reason ON reject (station, reason, received_at_ms);
      CREATE TABLE reject_payload (reject_id INTEGER PRIMARY KEY, payload BLOB NOT NULL) STRICT;
      CREATE TABLE reject_total (station TEXT PRIMARY KEY, bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID;
      CREATE TABLE reject_dropped (
        station TEXT NOT NULL, reason TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (station, reason)
      ) STRICT, WITHOUT ROWID;

      INSERT INTO reject
        SELECT id, station, topic, reason, detail, sha256, received_at_ms, count, length(payload) + 1024 FROM quarantine;
      INSERT INTO reject_payload SELECT id, payload FROM quarantine;
      INSERT INTO reject_total SELECT station, sum(bytes) FROM reject GROUP BY station;
      DROP TABLE quarantine;
    `,
  },
  {
    number: 3,
    name: 'alarms, people and the record',
    sql: `
      -- Changes of every kind: the body is all of a change but its number, its time and its kind.
      ALTER TABLE change RENAME COLUMN station TO id;
      ALTER TABLE change RENAME COLUMN level TO body;
      ALTER TABLE change ADD COLUMN kind TEXT NOT NULL DEFAULT 'station';
      UPDATE change SET body = json_object('id', id, 'level', json(body));

      -- After-images by kind and id, and lines that are only ever appended.
      CREATE TABLE record (
        kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
        subject TEXT, at_ms INTEGER, closed INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (kind, id)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX record_open ON record (kind, closed, at_ms);
      CREATE INDEX record_subject ON record (kind, subject, at_ms);
      CREATE TABLE journal (
        no INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, subject TEXT NOT NULL, at_ms INTEGER NOT NULL,
        body TEXT NOT NULL
      ) STRICT;
      CREATE INDEX journal_kind ON journal (kind, no);
      CREATE INDEX journal_subject ON journal (kind, subject, no);
      CREATE TRIGGER journal_is_kept BEFORE DELETE ON journal BEGIN SELECT raise(ABORT, 'a journal is never cut'); END;
      CREATE TRIGGER journal_stands BEFORE UPDATE ON journal BEGIN SELECT raise(ABORT, 'a journal is never changed'); END;

      CREATE TABLE audit (
        no INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, actor TEXT NOT NULL, act TEXT NOT NULL, subject TEXT NOT NULL,
        digest TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL, details TEXT
      ) STRICT;
      CREATE INDEX audit_subject ON audit (subject, no);
      CREATE INDEX audit_actor ON audit (actor, no);
      CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'the audit is never cut'); END;
      -- Only the details may go, and only to nothing.
      CREATE TRIGGER audit_stands BEFORE UPDATE ON audit
        WHEN NEW.details IS NOT NULL OR NEW.no <> OLD.no OR NEW.at_ms <> OLD.at_ms OR NEW.actor <> OLD.actor
          OR NEW.act <> OLD.act OR NEW.subject <> OLD.subject OR NEW.digest <> OLD.digest
          OR NEW.previous <> OLD.previous OR NEW.hash <> OLD.hash
        BEGIN SELECT raise(ABORT, 'the audit is never changed'); END;
    `,
  },
  {
    number: 4,
    name: 'episodes',
    sql: `
      -- Hours (since 1970) whose readings the fold of episodes has not seen, as ranges in JSON; null for none.
      ALTER TABLE station ADD COLUMN changed_hours TEXT;
      -- By what rules a station's history was folded; and the fold at the end of each hour that holds readings.
      CREATE TABLE history (station TEXT PRIMARY KEY, fingerprint TEXT NOT NULL) STRICT, WITHOUT ROWID;
      CREATE TABLE checkpoint (
        station_no INTEGER NOT NULL, hour INTEGER NOT NULL, fold TEXT NOT NULL, PRIMARY KEY (station_no, hour)
      ) STRICT, WITHOUT ROWID;
      -- settled_ms: the reading that ended it; 9007199254740991 while it lasts, and until_ms null.
      CREATE TABLE episode (
        station_no INTEGER NOT NULL, severity INTEGER NOT NULL, since_ms INTEGER NOT NULL,
        settled_ms INTEGER NOT NULL, until_ms INTEGER, band_label TEXT NOT NULL,
        peak_stage_mm INTEGER NOT NULL, peak_at_ms INTEGER NOT NULL, peak_at_least INTEGER NOT NULL,
        readings INTEGER NOT NULL, first_known_ms INTEGER NOT NULL,
        PRIMARY KEY (station_no, since_ms, severity, settled_ms)
      ) STRICT, WITHOUT ROWID;
    `,
  },
];
