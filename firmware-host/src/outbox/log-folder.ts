/**
 * What a start finds of a stream's log. A year is some hundred and fifty files: of those that were closed only
 * the seal at the end is read; the one being written, and any whose seal does not fit, is read whole.
 */
import { join } from 'node:path';
import type { SeqRanges, StreamId } from '@siaga/protocol';
import { type Files, readIfGiven } from './files.ts';
import { decodeReading } from './record.ts';
import { heldBy, type Seal, type SegmentScan, scanSegment, sealMostBytes, sealOf } from './segment.ts';

type FoundSegment = {
  readonly path: string;
  readonly held: SeqRanges;
  readonly bytes: number;
  readonly every: number;
  readonly newestAtMs: number | null;
  readonly sealed: boolean;
};

export type Found = {
  readonly segments: readonly FoundSegment[];
  /** Bytes of torn tails cut off. */
  readonly tornBytes: number;
  /** Bytes passed over inside segments. */
  readonly damagedBytes: number;
  /** Names of segments that the disk no longer gives, or that belong to another stream. */
  readonly unreadable: readonly string[];
  /**
   * The highest number that may have been given. A torn tail had readings whose numbers nobody can tell any
   * more: as many as would fit count as given, so that none is given twice.
   */
  readonly givenTo: number;
};

/** A reading with its header, where the log has none to measure by. */
const usualRecordBytes = 70;

export async function scanFolder(files: Files, folder: string, stream: StreamId): Promise<Found> {
  const all = await files.list(folder);
  for (const name of all.filter((other) => other.endsWith('.seg.tmp')))
    await files.remove(join(folder, name)).catch(() => undefined);
  const names = all.filter((name) => /^\d+\.seg$/.test(name)).sort();
  const segments: FoundSegment[] = [];
  const unreadable: string[] = [];
  let tornBytes = 0;
  let damagedBytes = 0;
  let givenTo = 0;
  for (const name of names) {
    const path = join(folder, name);
    const isLast = name === names.at(-1);
    const sealed = isLast ? null : await sealAtEnd(files, path);
    if (sealed) {
      segments.push({ ...sealed, path, sealed: true });
      continue;
    }
    const bytes = await readIfGiven(files, path);
    const scan = bytes && scanSegment(bytes);
    if (bytes === null || scan === null || (scan.stream !== null && scan.stream !== stream)) {
      await files.rename(path, `${path}.unreadable`);
      unreadable.push(name);
      continue;
    }
    const torn = bytes.length - scan.endAt;
    damagedBytes += scan.damagedBytes;
    tornBytes += torn;
    if (isLast) givenTo = lastGiven(Number(name.slice(0, -4)), scan, torn);
    if (scan.records.length === 0) await files.remove(path);
    else segments.push(await asFound(files, path, bytes, scan, stream));
  }
  return { segments, tornBytes, damagedBytes, unreadable, givenTo };
}

/** The seal of a closed segment, where it has one of its own length. */
async function sealAtEnd(files: Files, path: string): Promise<Seal | null> {
  try {
    const file = await files.open(path, 'read');
    try {
      const size = await file.size();
      const tail = Buffer.alloc(Math.min(size, sealMostBytes));
      const count = await file.read(tail, size - tail.length);
      const seal = sealOf(tail.subarray(0, count));
      return seal?.bytes === size ? seal : null;
    } finally {
      await file.close();
    }
  } catch {
    // Reading it whole says what ails it.
    return null;
  }
}

async function asFound(
  files: Files,
  path: string,
  bytes: Buffer,
  scan: SegmentScan,
  stream: StreamId,
): Promise<FoundSegment> {
  const { records, heads, every, sealed, endAt } = scan;
  if (endAt < bytes.length) {
    const file = await files.open(path, 'edit');
    try {
      await file.truncate(endAt);
      await file.datasync();
    } finally {
      await file.close();
    }
  }
  const last = records.at(-1);
  const newest = last ? decodeReading(bytes, last, heads, stream) : null;
  return {
    path,
    held: heldBy(scan),
    bytes: endAt,
    every,
    newestAtMs: newest?.reading.observedAtMs ?? null,
    sealed,
  };
}

function lastGiven(firstSeq: number, { records }: SegmentScan, tornBytes: number): number {
  const last = records.at(-1);
  const readings = Math.ceil(tornBytes / (last?.length ?? usualRecordBytes));
  return (last?.seq ?? firstSeq - 1) + readings;
}
