/**
 * The segmented append-only log of one stream. It knows files and records, not what is settled.
 *
 *   <folder>/000000000000001.seg   named by its first seq; at most `segmentBytes` and one batch long
 *
 * One writer: the caller never overlaps `append`, `drop` and `close`. Reading may overlap them.
 */
import { type FileHandle, open, readdir, readFile, rename, truncate, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { SeqRanges, StreamId } from '@siaga/protocol';
import { hasSeq } from '@siaga/protocol';
import { systemCodeOf } from '../errors.ts';
import { syncFolder } from './durable.ts';
import { rangesOf } from './ledger.ts';
import type { Draft, StoredReading } from './outbox.ts';
import { decodeRecord, encodeRecord } from './record.ts';
import { type SegmentScan, scanSegment } from './segment.ts';

export type Segment = { readonly path: string; readonly held: SeqRanges; readonly bytes: number };

export type SegmentLog = {
  /** Oldest first; the last is the one being written. */
  segments(): readonly Segment[];
  /** Found at the start: bytes of torn tails cut off, bytes passed over inside segments, names of unreadable ones. */
  damage(): { readonly tornBytes: number; readonly damagedBytes: number; readonly unreadable: readonly string[] };
  /** Writes and syncs all as `firstSeq`, `firstSeq + 1`, …. On failure nothing of it is in the log. */
  append(firstSeq: number, drafts: readonly Draft[]): Promise<void>;
  /** The held readings of `seqs`, in order, at most `limit`; `missing`: numbers that can no longer be read. */
  read(seqs: SeqRanges, limit: number): Promise<{ readings: StoredReading[]; missing: number[] }>;
  /** Deletes a segment that is not being written. */
  drop(segment: Segment): Promise<void>;
  close(): Promise<void>;
};

type Open = { path: string; held: SeqRanges; bytes: number };

export async function openLog(folder: string, stream: StreamId, segmentBytes: number): Promise<SegmentLog> {
  const { segments, ...damage } = await scanFolder(folder);
  let writer: FileHandle | null = null;
  /** A segment whose last append failed and could not be undone yet. */
  let spoilt: Open | null = null;
  let cached: { path: string; bytes: Buffer; scan: SegmentScan } | null = null;

  const writable = async (firstSeq: number): Promise<Open> => {
    const last = segments.at(-1);
    if (last && last.bytes < segmentBytes) {
      writer ??= await open(last.path, 'r+');
      return last;
    }
    await writer?.close();
    writer = null;
    const path = join(folder, `${String(firstSeq).padStart(16, '0')}.seg`);
    writer = await open(path, 'w', 0o600);
    await syncFolder(folder);
    const fresh: Open = { path, held: [], bytes: 0 };
    segments.push(fresh);
    return fresh;
  };

  /** Short writes happen on a full disk, so a failure is undone to the last whole record. */
  const undo = async (segment: Open): Promise<void> => {
    spoilt = segment;
    await truncate(segment.path, segment.bytes);
    spoilt = null;
  };

  const load = async (segment: Open): Promise<{ bytes: Buffer; scan: SegmentScan }> => {
    if (cached?.path === segment.path && cached.bytes.length === segment.bytes) return cached;
    const bytes = ((await readSegment(segment.path)) ?? Buffer.alloc(0)).subarray(0, segment.bytes);
    cached = { path: segment.path, bytes, scan: scanSegment(bytes) };
    return cached;
  };

  return {
    segments: () => segments,
    damage: () => damage,
    async append(firstSeq, drafts) {
      if (spoilt) await undo(spoilt);
      const segment = await writable(firstSeq);
      const bytes = Buffer.concat(drafts.map((draft, i) => encodeRecord(firstSeq + i, draft)));
      try {
        await writeAll(writer as FileHandle, bytes, segment.bytes);
        await (writer as FileHandle).datasync();
      } catch (error) {
        await undo(segment).catch(() => undefined);
        throw error;
      }
      segment.held = [...segment.held, [firstSeq, firstSeq + drafts.length - 1]];
      segment.bytes += bytes.length;
      segment.held = joinLast(segment.held);
    },
    async read(seqs, limit) {
      const readings: StoredReading[] = [];
      const missing: number[] = [];
      for (const segment of segments) {
        if (readings.length >= limit) break;
        const wanted = segment.held.some(([from, to]) => seqs.some(([low, high]) => low <= to && from <= high));
        if (!wanted) continue;
        const { bytes, scan } = await load(segment);
        const found = new Set<number>();
        for (const place of scan.records) {
          if (!hasSeq(seqs, place.seq) || readings.length >= limit) continue;
          const reading = decodeRecord(bytes, place, stream);
          if (reading) readings.push(reading);
          if (reading) found.add(place.seq);
        }
        if (readings.length < limit) missing.push(...absent(segment.held, seqs, found));
      }
      return { readings, missing };
    },
    async drop(segment) {
      const index = segments.findIndex(({ path }) => path === segment.path);
      if (index < 0 || index === segments.length - 1) return;
      await unlink(segment.path);
      segments.splice(index, 1);
    },
    async close() {
      await writer?.close();
      writer = null;
    },
  };
}

async function scanFolder(folder: string) {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.seg')).sort();
  const segments: Open[] = [];
  let tornBytes = 0;
  let damagedBytes = 0;
  const unreadable: string[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const bytes = await readSegment(path);
    if (bytes === null) {
      await rename(path, `${path}.unreadable`);
      unreadable.push(name);
      continue;
    }
    const scan = scanSegment(bytes);
    damagedBytes += scan.damagedBytes;
    tornBytes += bytes.length - scan.endAt;
    if (scan.records.length === 0) await unlink(path);
    else {
      if (scan.endAt < bytes.length) await truncate(path, scan.endAt);
      segments.push({ path, held: rangesOf(scan.records.map(({ seq }) => seq)), bytes: scan.endAt });
    }
  }
  return { segments, tornBytes, damagedBytes, unreadable };
}

/** The segment's bytes, null where the disk no longer gives them: a bad sector must not stop what lies behind it. */
async function readSegment(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (['EIO', 'ENOENT'].includes(systemCodeOf(error) ?? '')) return null;
    throw error;
  }
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}

/** Merges the newest range into the one before where they touch. */
function joinLast(held: SeqRanges): SeqRanges {
  const [before, last] = [held.at(-2), held.at(-1)];
  if (!before || !last || before[1] + 1 !== last[0]) return held;
  return [...held.slice(0, -2), [before[0], last[1]]];
}

function absent(held: SeqRanges, wanted: SeqRanges, found: ReadonlySet<number>): number[] {
  const missing: number[] = [];
  for (const [from, to] of held)
    for (let seq = from; seq <= to; seq++) if (hasSeq(wanted, seq) && !found.has(seq)) missing.push(seq);
  return missing;
}
