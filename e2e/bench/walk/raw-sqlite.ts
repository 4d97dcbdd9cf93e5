import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const rowsPerCommit = 1000;
const stations = 200;

/**
 * Rows a second that `node:sqlite` alone takes: WAL, synchronous FULL, 1,000 rows a commit, one plain row a
 * reading under a key that rises. Nothing is parsed, checked, told twice, judged or answered.
 */
export function measureRawSqlite(folder: string, forMs: number): number {
  const file = join(folder, 'raw.db');
  const database = new DatabaseSync(file);
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    database.exec(`CREATE TABLE reading (
      id INTEGER PRIMARY KEY, station INTEGER NOT NULL, observed_at_ms INTEGER NOT NULL,
      distance_mm INTEGER, stage_mm INTEGER, flag INTEGER NOT NULL, seq INTEGER NOT NULL
    ) STRICT`);
    const insert = database.prepare('INSERT INTO reading VALUES (?, ?, ?, ?, ?, ?, ?)');
    let rows = 0;
    const beganMs = performance.now();
    while (performance.now() - beganMs < forMs) {
      database.exec('BEGIN IMMEDIATE');
      for (let i = 0; i < rowsPerCommit; i++, rows++)
        insert.run(rows, rows % stations, 1_700_000_000_000 + rows, 1200 + (rows % 97), 3800, 1, rows);
      database.exec('COMMIT');
    }
    return (rows * 1000) / (performance.now() - beganMs);
  } finally {
    database.close();
    for (const tail of ['', '-wal', '-shm']) rmSync(`${file}${tail}`, { force: true });
  }
}
