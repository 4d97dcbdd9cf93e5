/**
 * Which stream is the present one, and its opening.
 *
 *   outbox/stream                which stream is the present one
 *   outbox/<stream>/cursor.json  what is settled, the highest number ever given (cursor.ts)
 *   outbox/<stream>/*.seg        the log (log.ts)
 *
 * A new stream is built whole in its own folder and becomes the present one by the rename of `stream`:
 * a crash before it leaves the old stream as it was (the half-built folder is deleted at the next start),
 * a crash after it the new one. Nothing of the new stream can have been sent before, so nothing doubles.
 */
import { join } from 'node:path';
import { mintStreamId, parserOf, StreamId } from '@siaga/protocol';
import { cursorOf, readCursor, readStreamFile, writeCursor, writeStreamFile } from './cursor.ts';
import type { Files } from './files.ts';
import { type Ledger, newLedger, reopened, unite } from './ledger.ts';
import { openLog, type SegmentLog } from './log.ts';

export type OpenedStream = {
  readonly ledger: Ledger;
  readonly log: SegmentLog;
  /** Of its newest cursor; see cursor.ts. */
  readonly saved: number;
  readonly mint: number;
};

const isStreamId = parserOf(StreamId);

/** Opens the present stream, or begins one in a folder that has none. */
export async function openStream(files: Files, folder: string, segmentBytes: number): Promise<OpenedStream> {
  const streams = (await files.list(folder)).filter((name) => isStreamId(name).ok);
  const present = await presentStream(files, folder, streams);
  for (const other of streams)
    if (other !== present) await files.removeTree(join(folder, other)).catch(() => undefined);
  const opened = present === null ? null : await reopen(files, join(folder, present), present, segmentBytes);
  if (opened) return opened;
  if (present !== null) await files.removeTree(join(folder, present));
  const ledger = newLedger(mintStreamId());
  const log = await beginStream(files, folder, ledger.stream, segmentBytes);
  await writeCursor(files, join(folder, ledger.stream), cursorOf(ledger, 1, 0));
  await writeStreamFile(files, folder, ledger.stream);
  return { ledger, log, saved: 1, mint: 0 };
}

/** An empty stream in a folder of its own. */
export async function beginStream(
  files: Files,
  folder: string,
  stream: StreamId,
  segmentBytes: number,
): Promise<SegmentLog> {
  await files.makeFolder(join(folder, stream));
  return openLog(files, join(folder, stream), stream, segmentBytes);
}

/** Null for a stream of which nothing is left: neither a cursor nor a record knows its highest number. */
async function reopen(
  files: Files,
  folder: string,
  stream: StreamId,
  segmentBytes: number,
): Promise<OpenedStream | null> {
  const log = await openLog(files, folder, stream, segmentBytes);
  const held = log.segments().reduce((all, segment) => unite(all, segment.held), [] as Ledger['held']);
  const { givenTo } = log.found();
  const cursor = await readCursor(files, folder);
  if (cursor) return { ledger: reopened({ stream, ...cursor }, held, givenTo), log, ...cursor };
  if (held.length === 0 && givenTo === 0) {
    await log.close();
    return null;
  }
  const unknown = { stream, lastSeq: 0, settled: [], storeId: null, doubtFrom: 1, holes: 0 };
  return { ledger: reopened(unknown, held, givenTo), log, saved: 0, mint: 0 };
}

/**
 * The stream named by the file `stream`. Where that says nothing of use: the newest that was built to its end
 * (its cursor is written last), else the one that there is; and the file is written anew.
 */
async function presentStream(files: Files, folder: string, streams: readonly string[]): Promise<string | null> {
  const named = await readStreamFile(files, folder);
  if (named !== null && streams.includes(named)) return named;
  const cursors = await Promise.all(
    streams.map(async (stream) => ({ stream, mint: (await readCursor(files, join(folder, stream)))?.mint ?? -1 })),
  );
  const chosen = cursors.sort((a, b) => b.mint - a.mint)[0]?.stream ?? null;
  // On a full disk the choice is made again at the next start.
  if (chosen !== null) await writeStreamFile(files, folder, chosen).catch(() => undefined);
  return chosen;
}
