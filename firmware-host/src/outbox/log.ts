/**
 * The segmented append-only log of one stream. It knows files and records, not what is settled.
 *
 *   <folder>/000000000000001.seg   named by its first seq; at most `segmentBytes` and one batch long
 *
 * One writer: the caller never overlaps `append`, `rewrite`, `drop` and `close`. Reading may overlap them.
 */
import { join } from 'node:path';
import { hasSeq, type SeqRanges, type StreamId } from '@siaga/protocol';
import { type Files, type OpenFile, readIfGiven, replaceFile, writeAll } from './files.ts';
import { clip, intersect, rangesOf, subtract, unite } from './ledger.ts';
import { type Found, scanFolder } from './log-folder.ts';
import type { Draft, StoredReading } from './outbox.ts';
import { decodeReading } from './record.ts';
import { createRefusals } from './refusals.ts';
import {
  encodeOpening,
  encodeReadings,
  encodeSeal,
  nothingWritten,
  type SegmentScan,
  scanSegment,
  type Written,
  writtenBefore,
} from './segment.ts';

export type Segment = {
  readonly path: string;
  readonly held: SeqRanges;
  readonly bytes: number;
  /** One in so many readings was kept when it was thinned; 1 for untouched. */
  readonly every: number;
  /** When its last reading was observed; null where only reading it would tell. */
  readonly newestAtMs: number | null;
};

export type SegmentLog = {
  /** Oldest first; the last is the one being written. */
  segments(): readonly Segment[];
  /** Of all segments together. */
  bytes(): number;
  /** What the start met with. */
  found(): Omit<Found, 'segments'>;
  /** Writes and syncs all as `firstSeq`, `firstSeq + 1`, …. On failure nothing of it is in the log. */
  append(firstSeq: number, drafts: readonly Draft[]): Promise<void>;
  /** The held readings of `seqs`, in order, at most `limit`. */
  read(seqs: SeqRanges, limit: number): Promise<LogRead>;
  /** Keeps only `readings` of a segment that is not being written; a crash leaves it as it was or as it shall be. */
  rewrite(segment: Segment, readings: readonly StoredReading[], every: number): Promise<void>;
  /** Deletes a segment that is not being written. */
  drop(segment: Segment): Promise<void>;
  close(): Promise<void>;
};

export type LogRead = {
  readonly readings: StoredReading[];
  /** Numbers that can no longer be read. */
  readonly missing: SeqRanges;
  /** Numbers that the disk does not give now: it will be asked again. */
  readonly withheld: SeqRanges;
};

type Open = { -readonly [K in keyof Segment]: Segment[K] } & { sealed: boolean; written: Written | null };
type Loaded = { readonly path: string; readonly bytes: Buffer; readonly scan: SegmentScan };

export async function openLog(
  files: Files,
  folder: string,
  stream: StreamId,
  segmentBytes: number,
): Promise<SegmentLog> {
  const { segments: there, ...found } = await scanFolder(files, folder, stream, segmentBytes);
  const segments: Open[] = there.map((segment) => ({ ...segment, written: null }));
  let writer: OpenFile | null = null;
  /** A segment whose last append failed and could not be undone yet. */
  let spoilt: Open | null = null;
  let cached: Loaded | null = null;
  const refusals = createRefusals();
  let total = segments.reduce((sum, { bytes }) => sum + bytes, 0);

  const grow = (segment: Open, bytes: number): void => {
    total += bytes - segment.bytes;
    segment.bytes = bytes;
  };

  /** Null where the disk does not give it. */
  const load = async (segment: Open): Promise<Loaded | null> => {
    const { path } = segment;
    if (cached?.path === path && cached.bytes.length === segment.bytes) return cached;
    const whole = refusals.mayAsk(path) ? await readIfGiven(files, path) : undefined;
    if (whole === undefined) return null;
    if (whole === null) {
      refusals.refused(path);
      return null;
    }
    refusals.gave(path);
    const bytes = whole.subarray(0, segment.bytes);
    cached = { path, bytes, scan: scanSegment(bytes) };
    return cached;
  };

  /** Whether the writer knows what stands in a segment: under the number of a head that it does not know it would write another. */
  const isKnown = async (segment: Open): Promise<boolean> => {
    const loaded = segment.written ? null : await load(segment);
    if (loaded) segment.written = writtenBefore(loaded.scan);
    return segment.written !== null;
  };

  /** Says at the segment's end what it holds. Not synced, and no harm when it fails: a start then reads it whole. */
  const seal = async (segment: Open, file: OpenFile): Promise<void> => {
    const { held, every, newestAtMs, bytes } = segment;
    const record = held.length > 0 && newestAtMs !== null ? encodeSeal({ held, every, newestAtMs }, bytes) : null;
    if (record === null) return;
    try {
      await writeAll(file, record, bytes);
      grow(segment, bytes + record.length);
      segment.sealed = true;
    } catch {
      await file.truncate(bytes);
    }
  };

  const writable = async (firstSeq: number): Promise<{ segment: Open; file: OpenFile }> => {
    const last = segments.at(-1);
    if (last && last.bytes < segmentBytes && !last.sealed && (await isKnown(last))) {
      writer ??= await files.open(last.path, 'edit');
      return { segment: last, file: writer };
    }
    const path = join(folder, `${String(firstSeq).padStart(16, '0')}.seg`);
    const file = await files.open(path, 'new');
    try {
      await files.syncFolder(folder);
    } catch (error) {
      await file.close();
      throw error;
    }
    const former = writer;
    writer = null;
    if (last && former) await seal(last, former).catch(() => undefined);
    await former?.close();
    writer = file;
    const segment = { path, held: [], bytes: 0, every: 1, newestAtMs: null, sealed: false, written: nothingWritten };
    segments.push(segment);
    return { segment, file };
  };

  /** Short writes happen on a full disk, so a failure is undone to the last whole record. */
  const undo = async (segment: Open): Promise<void> => {
    spoilt = segment;
    const file = writer ?? (await files.open(segment.path, 'edit'));
    writer = file;
    await file.truncate(segment.bytes);
    spoilt = null;
  };

  return {
    segments: () => segments,
    bytes: () => total,
    found: () => found,
    async append(firstSeq, drafts) {
      if (spoilt) await undo(spoilt);
      const { segment, file } = await writable(firstSeq);
      const numbered = drafts.map((draft, i) => ({ seq: firstSeq + i, draft }));
      const { bytes: records, written } = encodeReadings(numbered, segment.written ?? nothingWritten);
      const bytes = segment.bytes > 0 ? records : Buffer.concat([encodeOpening(firstSeq, stream, 1), records]);
      try {
        await writeAll(file, bytes, segment.bytes);
        await file.datasync();
      } catch (error) {
        await undo(segment).catch(() => undefined);
        throw error;
      }
      segment.held = unite(segment.held, [[firstSeq, firstSeq + drafts.length - 1]]);
      segment.newestAtMs = drafts.at(-1)?.reading.observedAtMs ?? segment.newestAtMs;
      segment.written = written;
      grow(segment, segment.bytes + bytes.length);
    },
    async read(seqs, limit) {
      const readings: StoredReading[] = [];
      let missing: SeqRanges = [];
      let withheld: SeqRanges = [];
      for (const segment of segments) {
        if (readings.length >= limit) break;
        const wanted = wantedOf(segment, seqs);
        if (wanted.length === 0) continue;
        const loaded = await load(segment);
        if (loaded === null) {
          if (refusals.isForGood(segment.path)) missing = unite(missing, wanted);
          else withheld = unite(withheld, wanted);
          continue;
        }
        const { bytes, scan } = loaded;
        const found: number[] = [];
        for (const place of scan.records) {
          if (readings.length >= limit) break;
          const reading = hasSeq(wanted, place.seq) ? decodeReading(bytes, place, scan.heads, stream) : null;
          if (reading === null) continue;
          readings.push(reading);
          found.push(place.seq);
        }
        if (readings.length < limit) missing = unite(missing, subtract(wanted, rangesOf(found)));
      }
      return { readings, missing, withheld };
    },
    async rewrite(segment, readings, every) {
      const target = segments.find(({ path }) => path === segment.path);
      const last = readings.at(-1);
      if (!target || target === segments.at(-1) || !last) return;
      const numbered = readings.map(({ stream: _, ...draft }) => ({ seq: draft.reading.seq, draft }));
      const opening = encodeOpening(numbered[0]?.seq ?? 1, stream, every);
      const body = Buffer.concat([opening, encodeReadings(numbered, nothingWritten).bytes]);
      const held = rangesOf(numbered.map(({ seq }) => seq));
      const newestAtMs = last.reading.observedAtMs;
      const end = encodeSeal({ held, every, newestAtMs }, body.length);
      const bytes = end ? Buffer.concat([body, end]) : body;
      await replaceFile(files, target.path, bytes);
      cached = null;
      Object.assign(target, { held, every, newestAtMs, sealed: true });
      grow(target, bytes.length);
    },
    async drop(segment) {
      const index = segments.findIndex(({ path }) => path === segment.path);
      if (index < 0 || index === segments.length - 1) return;
      await files.remove(segment.path);
      total -= segment.bytes;
      segments.splice(index, 1);
    },
    async close() {
      await writer?.close();
      writer = null;
    },
  };
}

function wantedOf({ held }: Segment, seqs: SeqRanges): SeqRanges {
  const [first, last] = [held[0]?.[0], held.at(-1)?.[1]];
  return first === undefined || last === undefined ? [] : intersect(held, clip(seqs, first, last));
}
