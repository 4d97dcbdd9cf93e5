/**
 * The outbox on disk.
 *
 *   outbox/LOCK                  one agent a folder
 *   outbox/stream                which stream is the present one
 *   outbox/<stream>/cursor.json  what is settled, the highest number ever given
 *   outbox/<stream>/*.seg        the log (log.ts)
 *
 * A new stream is built whole in its own folder and becomes the present one by the rename of `stream`:
 * a crash before it leaves the old stream as it was (the half-built folder is deleted at the next start),
 * a crash after it the new one. Nothing of the new stream can have been sent before, so nothing doubles.
 *
 * The cursor is saved seldom: an older one only makes the agent send again what the cloud recognises. It is
 * saved before segments are deleted, so that the highest number is never forgotten.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { addRanges, countSeqs, mintStreamId, parserOf, type SeqRanges, StreamId } from '@siaga/protocol';
import { Type } from 'typebox';
import { agentError, isAgentError, messageOf, systemCodeOf } from '../errors.ts';
import { makeFolder, readIfThere, writeDurably } from './durable.ts';
import {
  appended,
  type Ledger,
  newLedger,
  rangesOf,
  released,
  reopened,
  settledWith,
  stateOf,
  subtract,
} from './ledger.ts';
import { takeLock } from './lock.ts';
import { openLog, type Segment, type SegmentLog } from './log.ts';
import type { Draft, Outbox, StoredReading } from './outbox.ts';

export type FileOutboxOptions = {
  readonly folder: string;
  readonly segmentBytes?: number;
  /** Settled data is kept up to this size, for the cloud to ask for again. */
  readonly keepBytes?: number;
  /** Beyond this the oldest data goes, settled or not, and is declared lost. */
  readonly maxBytes?: number;
  /** Told what was cut off, passed over or dropped. */
  readonly warn?: (details: object, message: string) => void;
};

const saveEveryMs = 300_000;
const saveEverySeqs = 2_000;
const mintBatch = 500;

const Ranges = Type.Array(Type.Tuple([Type.Integer(), Type.Integer()]));
const parseStreamFile = parserOf(Type.Object({ stream: StreamId }));
const parseCursor = parserOf(
  Type.Object({
    lastSeq: Type.Integer({ minimum: 0 }),
    settled: Ranges,
    lost: Ranges,
    storeId: Type.Union([Type.String(), Type.Null()]),
    doubtFrom: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]),
  }),
);
const parseStreamId = parserOf(StreamId);

type Waiting = { draft: Draft; resolve(stored: StoredReading): void; reject(error: unknown): void };

export async function openFileOutbox(options: FileOutboxOptions): Promise<Outbox> {
  const { folder, segmentBytes = 256 * 1024, keepBytes = 16 << 20, maxBytes = 512 << 20, warn = () => {} } = options;
  await makeFolder(folder);
  const unlock = await takeLock(join(folder, 'LOCK'));
  const opened = await openStream(folder, segmentBytes).catch(async (error) => {
    await unlock();
    throw error;
  });
  let { ledger, log } = opened;
  let waiting: Waiting[] = [];
  let closed = false;
  let turn: Promise<unknown> = Promise.resolve();
  let savedAtMs = performance.now();
  let savedSettled = countSeqs(ledger.settled);

  /** Everything that writes takes its turn here, one after the other. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work);
    turn = done.catch(() => undefined);
    return done;
  };

  /** A full disk takes no cursor; what is held must still be sent, for only that makes room. */
  const save = async (): Promise<void> => {
    await saveCursor(folder, ledger).catch((error) => warn({ err: messageOf(error) }, 'cursor not saved'));
    savedAtMs = performance.now();
    savedSettled = countSeqs(ledger.settled);
  };

  const dropSegment = async (segment: Segment, why: string): Promise<void> => {
    const unsettled = countSeqs(subtract(segment.held, ledger.settled));
    ledger = released(ledger, segment.held);
    await save();
    await log.drop(segment);
    if (unsettled > 0) warn({ unsettled, why }, 'dropped readings that were never sent');
  };

  const bytes = () => log.segments().reduce((sum, segment) => sum + segment.bytes, 0);
  const droppable = () => log.segments().slice(0, -1);
  const isSettled = (segment: Segment) => subtract(segment.held, ledger.settled).length === 0;

  /** Frees the oldest settled segments beyond `limit`; false when nothing could be freed. */
  const freeSettled = async (limit: number, why: string): Promise<boolean> => {
    let freed = false;
    for (const segment of droppable()) {
      if (bytes() <= limit || !isSettled(segment)) break;
      await dropSegment(segment, why);
      freed = true;
    }
    return freed;
  };

  const bound = async (): Promise<void> => {
    if (bytes() <= maxBytes) return;
    await freeSettled(maxBytes, 'size');
    for (const segment of droppable()) {
      if (bytes() <= maxBytes) break;
      await dropSegment(segment, 'size');
    }
  };

  const flush = async (): Promise<void> => {
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return;
    const firstSeq = ledger.lastSeq + 1;
    const drafts = batch.map(({ draft }) => draft);
    try {
      await log.append(firstSeq, drafts).catch(async (error) => {
        if (!isDiskFull(error) || !(await freeSettled(0, 'disk full'))) throw error;
        await log.append(firstSeq, drafts);
      });
    } catch (error) {
      const reason = isAgentError(error) ? error : agentError('outbox-full', `not stored: ${messageOf(error)}`, error);
      for (const { reject } of batch) reject(reason);
      return;
    }
    ledger = appended(ledger, firstSeq, firstSeq + batch.length - 1);
    batch.forEach(({ draft, resolve }, i) => {
      resolve({ ...draft, stream: ledger.stream, reading: { ...draft.reading, seq: firstSeq + i } });
    });
    await bound();
  };

  /** Copies the readings of `seqs` into the empty log `next`, under new numbers. */
  const copyTo = async (next: SegmentLog, stream: StreamId, seqs: SeqRanges): Promise<Ledger> => {
    let minted = newLedger(stream);
    let rest = seqs;
    for (;;) {
      const { readings, missing } = await log.read(rest, mintBatch);
      if (missing.length > 0) warn({ missing: missing.length }, 'readings on the disk became unreadable');
      const last = readings.at(-1);
      if (!last) return minted;
      await next.append(minted.lastSeq + 1, readings);
      minted = appended(minted, minted.lastSeq + 1, minted.lastSeq + readings.length);
      rest = subtract(rest, [[1, last.reading.seq]]);
    }
  };

  const moveTo = async (stream: StreamId, seqs: SeqRanges): Promise<void> => {
    const target = join(folder, stream);
    const old = { log, stream: ledger.stream };
    await mkdir(target);
    const next = await openLog(target, stream, segmentBytes);
    try {
      const minted = await copyTo(next, stream, seqs);
      await saveCursor(folder, minted);
      await writeStream(folder, stream);
      log = next;
      ledger = minted;
    } catch (error) {
      await next.close();
      await rm(target, { recursive: true, force: true });
      throw error;
    }
    // The move is done: what is left of the old stream is rubbish, deleted at the next start at the latest.
    await Promise.all([old.log.close(), rm(join(folder, old.stream), { recursive: true, force: true })]).catch(
      (error) => warn({ err: messageOf(error) }, 'old stream not deleted'),
    );
  };

  const { tornBytes, damagedBytes, unreadable } = log.damage();
  if (unreadable.length > 0) warn({ unreadable, lost: ledger.lost }, 'segments cannot be read; they are kept aside');
  if (tornBytes > 0) warn({ tornBytes }, 'cut off a torn tail: the last append had not been finished');
  if (damagedBytes > 0) warn({ damagedBytes, lost: ledger.lost }, 'passed over damaged records');
  await save();

  return {
    state: () => stateOf(ledger, bytes()),
    storeId: () => ledger.storeId,
    append: (draft) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(agentError('outbox-closed', 'the outbox is closed'));
        waiting.push({ draft, resolve, reject });
        if (waiting.length === 1) inTurn(flush).catch((error) => warn({ err: messageOf(error) }, 'outbox'));
      }),
    lease: (seqs, limit) =>
      inTurn(async () => {
        const { readings, missing } = await log.read(seqs, limit);
        if (missing.length > 0) {
          ledger = released(ledger, rangesOf(missing));
          warn({ missing: missing.length }, 'readings on the disk became unreadable');
        }
        return readings;
      }),
    settle: (settlement) =>
      inTurn(async () => {
        if (settlement.stream !== ledger.stream) return;
        const before = ledger;
        ledger = settledWith(ledger, settlement);
        await freeSettled(keepBytes, 'retention');
        const cleared = before.doubt !== null && ledger.doubt === null;
        const otherStore = before.storeId !== ledger.storeId;
        const due = performance.now() - savedAtMs >= saveEveryMs;
        if (cleared || otherStore || due || countSeqs(ledger.settled) - savedSettled >= saveEverySeqs) await save();
      }),
    remint: (seqs) =>
      inTurn(async () => {
        const stream = mintStreamId();
        await moveTo(stream, seqs);
        return stream;
      }),
    async close() {
      if (closed) return;
      closed = true;
      await inTurn(async () => {
        await flush();
        await save();
        await log.close();
      });
      await unlock();
    },
  };
}

/** Opens the present stream, or begins one in a folder that has none. */
async function openStream(folder: string, segmentBytes: number): Promise<{ ledger: Ledger; log: SegmentLog }> {
  const streams = (await readdir(folder)).filter((name) => parseStreamId(name).ok);
  const present = await presentStream(folder, streams);
  for (const other of streams) if (other !== present) await rm(join(folder, other), { recursive: true, force: true });
  if (present !== null) {
    const log = await openLog(join(folder, present), present, segmentBytes);
    const held = addRanges(
      [],
      log.segments().flatMap((segment) => segment.held),
    );
    const cursor = parseCursor(jsonOf(await readIfThere(join(folder, present, 'cursor.json'))));
    if (cursor.ok) return { ledger: reopened({ stream: present, ...cursor.value }, held), log };
    // Without a cursor the log alone knows the highest number; without a record nobody does.
    const unknown = { stream: present, lastSeq: 0, settled: [], lost: [], storeId: null, doubtFrom: 1 };
    if (held.length > 0) return { ledger: reopened(unknown, held), log };
    await log.close();
    await rm(join(folder, present), { recursive: true, force: true });
  }
  const stream = mintStreamId();
  await mkdir(join(folder, stream));
  await saveCursor(folder, newLedger(stream));
  await writeStream(folder, stream);
  return { ledger: newLedger(stream), log: await openLog(join(folder, stream), stream, segmentBytes) };
}

/** The stream named by the file `stream`; where that says nothing of use, the only one there is. */
async function presentStream(folder: string, streams: readonly string[]): Promise<string | null> {
  const named = parseStreamFile(jsonOf(await readIfThere(join(folder, 'stream'))));
  if (named.ok && streams.includes(named.value.stream)) return named.value.stream;
  if (streams.length > 1)
    throw agentError(
      'outbox-unreadable',
      `${folder}: the file 'stream' names none of the ${streams.length} streams here; write {"stream":"<id>"} into it`,
    );
  return streams[0] ?? null;
}

async function writeStream(folder: string, stream: string): Promise<void> {
  await writeDurably(join(folder, 'stream'), `${JSON.stringify({ stream })}\n`);
}

async function saveCursor(folder: string, { stream, lastSeq, settled, lost, storeId, doubt }: Ledger): Promise<void> {
  const cursor = { lastSeq, settled, lost, storeId, doubtFrom: doubt?.fromSeq ?? null };
  await writeDurably(join(folder, stream, 'cursor.json'), `${JSON.stringify(cursor)}\n`);
}

function jsonOf(text: string | null): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return null;
  }
}

function isDiskFull(error: unknown): boolean {
  const code = systemCodeOf(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}
