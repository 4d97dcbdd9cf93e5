import { maxPayloadBytes, type RejectReason } from '@siaga/protocol';
import type { Quarantine } from '../../ports.ts';
import type { Database } from './database.ts';

/** Rejects over one SQLite database: the same payload, reason and station is one row that counts. */
export function createQuarantine(database: Database): Quarantine {
  const { db } = database;
  const put = db.prepare(
    `INSERT INTO quarantine (station, topic, reason, detail, sha256, payload, received_at_ms, count)
     VALUES (?, ?, ?, ?, ?, ?, ?, 1)
     ON CONFLICT DO UPDATE SET count = count + 1, received_at_ms = excluded.received_at_ms`,
  );
  const list = db.prepare(
    `SELECT station, topic, reason, detail, sha256, received_at_ms, count
     FROM quarantine ORDER BY received_at_ms DESC, id DESC LIMIT ?`,
  );
  type Row = {
    station: string;
    topic: string;
    reason: RejectReason;
    detail: string;
    sha256: string;
    received_at_ms: number;
    count: number;
  };

  return {
    async put({ station, topic, reason, detail, sha256, payload, receivedAtMs }) {
      database.transaction(() =>
        put.run(station, topic, reason, detail, sha256, payload.subarray(0, maxPayloadBytes), receivedAtMs),
      );
    },
    async list(limit) {
      return (list.all(limit) as Row[]).map(({ received_at_ms, ...row }) => ({ ...row, receivedAtMs: received_at_ms }));
    },
  };
}
