/**
 * Reads one segment's bytes. Damage in the middle: what follows is trusted only where whole records
 * resynchronise: right length, right CRC, and a seq above the one before. The chance that rubbish passes is
 * one in four thousand million for each place tried. What lies between is counted and its numbers become lost.
 */
import { type RecordPlace, recordAt } from './record.ts';

export type SegmentScan = {
  readonly records: readonly RecordPlace[];
  /** Where the last whole record ends: the length to truncate to. */
  readonly endAt: number;
  /** Bytes between records that belong to none. */
  readonly damagedBytes: number;
};

export function scanSegment(bytes: Buffer): SegmentScan {
  const records: RecordPlace[] = [];
  let endAt = 0;
  let damagedBytes = 0;
  let at = 0;
  while (at < bytes.length) {
    const record = recordAt(bytes, at);
    if (record === null || record.seq <= (records.at(-1)?.seq ?? 0)) {
      at++;
      continue;
    }
    damagedBytes += at - endAt;
    records.push(record);
    at += record.length;
    endAt = at;
  }
  return { records, endAt, damagedBytes };
}
