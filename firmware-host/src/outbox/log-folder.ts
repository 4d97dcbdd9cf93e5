/**
 * What a start finds of a stream's log. A year is some hundred and fifty files: of those that were closed only
 * the seal at the end is read; the one being written, and any whose seal does not fit, is read whole.
 */
import { join } from 'node:path';
import type { SeqRanges, StreamId } from '@siaga/protocol';
import { type Files, type OpenFile, readIfGiven } from './files.ts';
import { decodeReading } from './record.ts';
import { heldBy, type Seal, type SegmentScan, scanSegment, sealMostBytes, sealOf } from './segment.ts';

type FoundSegment = {
  readonly path: string;
  readonly held: SeqRanges;
  readonly bytes: number;
  readonly every: number;
  readonly newestAtMs: number | null;
  /** Nothing more is written to it: it was closed, or is damaged and may have had heads that nobody knows any more. */
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

/** The least that a reading takes, with its header, where the log has none to measure by. */
const leastRecordBytes = 50;

/** `segmentBytes`: how long a segment grows. */
export async function scanFolder(files: Files, folder: string, stream: StreamId, segmentBytes: number): Promise<Found> {
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
      if (isLast) {
        const size = await withFile(files, path, (file) => file.size()).catch(() => 0);
        givenTo = Number(name.slice(0, -4)) - 1 + Math.ceil((size || segmentBytes) / leastRecordBytes);
      }
      // Where even that fails it is met with again at the next start.
      await files.rename(path, `${path}.unreadable`).catch(() => undefined);
      unreadable.push(name);
      continue;
    }
    const torn = bytes.length - scan.endAt;
    damagedBytes += scan.damagedBytes;
    tornBytes += torn;
    if (isLast) givenTo = lastGiven(Number(name.slice(0, -4)), scan, torn);
    if (scan.records.length === 0) await files.remove(path).catch(() => undefined);
    else segments.push(await asFound(files, path, bytes, scan, stream));
  }
  return { segments, tornBytes, damagedBytes, unreadable, givenTo };
}

/** The seal of a closed segment, where it has one of its own length. */
async function sealAtEnd(files: Files, path: string): Promise<Seal | null> {
  return withFile(files, path, async (file) => {
    const size = await file.size();
    const tail = Buffer.alloc(Math.min(size, sealMostBytes));
    const count = await file.read(tail, size - tail.length);
    const seal = sealOf(tail.subarray(0, count));
    return seal?.bytes === size ? seal : null;
    // Reading it whole says what ails it.
  }).catch(() => null);
}

async function withFile<T>(files: Files, path: string, work: (file: OpenFile) => Promise<T>): Promise<T> {
  const file = await files.open(path, 'read');
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

async function asFound(
  files: Files,
  path: string,
  bytes: Buffer,
  scan: SegmentScan,
  stream: StreamId,
): Promise<FoundSegment> {
  const { records, heads, every, sealed, endAt, damagedBytes } = scan;
  const isTorn = endAt < bytes.length;
  // What a failing disk leaves behind the end is passed over each time.
  if (isTorn) await cutOff(files, path, endAt).catch(() => undefined);
  const last = records.at(-1);
  const newest = last ? decodeReading(bytes, last, heads, stream) : null;
  return {
    path,
    held: heldBy(scan),
    bytes: endAt,
    every,
    newestAtMs: newest?.reading.observedAtMs ?? null,
    sealed: sealed || isTorn || damagedBytes > 0,
  };
}

async function cutOff(files: Files, path: string, endAt: number): Promise<void> {
  const file = await files.open(path, 'edit');
  try {
    await file.truncate(endAt);
    await file.datasync();
  } finally {
    await file.close();
  }
}

function lastGiven(firstSeq: number, { records }: SegmentScan, tornBytes: number): number {
  const shortest = records.reduce((least, { length }) => Math.min(least, length), Number.POSITIVE_INFINITY);
  const readings = Math.ceil(tornBytes / (records.length > 0 ? shortest : leastRecordBytes));
  return (records.at(-1)?.seq ?? firstSeq - 1) + readings;
}
