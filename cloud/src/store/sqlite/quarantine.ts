import { maxPayloadBytes, type RejectReason } from '@siaga/protocol';
import type { DroppedRejects, Quarantine, Rejected, RejectName } from '../../ports.ts';
import type { Database } from './database.ts';

/** What is kept of one station: a device that sends nothing but nonsense must not fill the disk. */
const maxStationBytes = 32 * 1024 * 1024;
/** What a reject takes beside its payload. */
const rowBytes = 1024;

/**
 * Rejects over one SQLite database: the same payload, reason and station is one row that counts. Beyond
 * `maxBytes` a station's oldest rejects are dropped, malformed ones first, and stay as a count under their reason.
 */
export function createQuarantine(database: Database, maxBytes = maxStationBytes): Quarantine {
  const { db } = database;
  const countUp = db.prepare(
    `UPDATE reject SET count = count + 1, received_at_ms = ? WHERE sha256 = ? AND reason = ? AND station = ?`,
  );
  const add = db.prepare(
    `INSERT INTO reject (station, topic, reason, detail, sha256, received_at_ms, count, bytes)
     VALUES (?, ?, ?, ?, ?, ?, 1, ?)`,
  );
  const addPayload = db.prepare('INSERT INTO reject_payload VALUES (?, ?)');
  const addBytes = db.prepare(
    `INSERT INTO reject_total VALUES (?, ?) ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes RETURNING bytes`,
  );
  const oldestMalformed = db.prepare(
    `SELECT id, reason, count, bytes FROM reject WHERE station = ? AND reason = 'malformed'
     ORDER BY received_at_ms, id LIMIT 1`,
  );
  const oldest = db.prepare(
    'SELECT id, reason, count, bytes FROM reject WHERE station = ? ORDER BY received_at_ms, id LIMIT 1',
  );
  const drop = db.prepare('DELETE FROM reject WHERE id = ?');
  const dropPayload = db.prepare('DELETE FROM reject_payload WHERE reject_id = ?');
  const countDropped = db.prepare(
    'INSERT INTO reject_dropped VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count',
  );
  const list = db.prepare(
    `SELECT station, topic, reason, detail, sha256, received_at_ms, count
     FROM reject ORDER BY received_at_ms DESC, id DESC LIMIT ?`,
  );
  const recent = db.prepare(
    `SELECT sha256, reason FROM reject WHERE station = ? AND received_at_ms >= ?
     ORDER BY received_at_ms DESC, id DESC LIMIT ?`,
  );
  const dropped = db.prepare('SELECT station, reason, count FROM reject_dropped ORDER BY station, reason');
  type Oldest = { id: number; reason: RejectReason; count: number; bytes: number };
  type Row = Omit<Rejected, 'payload' | 'receivedAtMs'> & { received_at_ms: number; count: number };

  const bytesAfter = (station: string, more: number) => (addBytes.get(station, more) as { bytes: number }).bytes;

  function keep({ station, topic, reason, detail, sha256, payload, receivedAtMs }: Rejected): void {
    if (countUp.run(receivedAtMs, sha256, reason, station).changes > 0) return;
    const cut = payload.subarray(0, maxPayloadBytes);
    const bytes = cut.byteLength + rowBytes;
    const { lastInsertRowid } = add.run(station, topic, reason, detail, sha256, receivedAtMs, bytes);
    addPayload.run(lastInsertRowid, cut);
    let total = bytesAfter(station, bytes);
    while (total > maxBytes) total = dropOldest(station);
  }

  /** Malformed messages first: the others hold readings that were acknowledged. */
  function dropOldest(station: string): number {
    const { id, reason, count, bytes } = (oldestMalformed.get(station) ?? oldest.get(station)) as Oldest;
    drop.run(id);
    dropPayload.run(id);
    countDropped.run(station, reason, count);
    return bytesAfter(station, -bytes);
  }

  return {
    async put(rejects) {
      database.transaction(() => {
        for (const rejected of rejects) keep(rejected);
      });
    },
    async list(limit) {
      return (list.all(limit) as Row[]).map(({ received_at_ms, ...row }) => ({ ...row, receivedAtMs: received_at_ms }));
    },
    recent: async (station, sinceMs, limit) => recent.all(station, sinceMs, limit) as RejectName[],
    dropped: async () => dropped.all() as DroppedRejects[],
  };
}
