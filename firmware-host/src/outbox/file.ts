/**
 * The outbox on disk.
 *
 *   outbox/LOCK       one agent a folder (lock.ts)
 *   outbox/ballast    room held back for when the disk is full (ballast.ts)
 *   outbox/stream     which stream is the present one (streams.ts), and its folder with cursor and log
 *
 * One sync a reading, and hardly any beside: the cursor is saved when something of it must not be forgotten (a
 * doubt that ended, another store, data that goes), else as a hint without a sync. When the disk is full, room is
 * made (room.ts), with the ballast's help; what cannot be kept uses up its number, which is thereby declared lost.
 */
import { join } from 'node:path';
import { countSeqs, mintStreamId, type SeqRanges, type StreamId } from '@siaga/protocol';
import { agentError, isAgentError, messageOf } from '../errors.ts';
import { openBallast } from './ballast.ts';
import { cursorOf, writeCursor, writeHint, writeStreamFile } from './cursor.ts';
import { makeFolder } from './durable.ts';
import { diskFiles, type Files, isDiskFull } from './files.ts';
import { appended, type Ledger, newLedger, refused, released, settledWith, stateOf, subtract } from './ledger.ts';
import { takeLock } from './lock.ts';
import type { SegmentLog } from './log.ts';
import type { Draft, Outbox, StoredReading } from './outbox.ts';
import { createRoom } from './room.ts';
import { beginStream, openStream } from './streams.ts';
import { tellsOfFlood } from './thin.ts';

export type FileOutboxOptions = {
  readonly folder: string;
  readonly segmentBytes?: number;
  /** Settled data is kept so long, by the readings' own times, for the cloud to ask for again. */
  readonly keepMs?: number;
  /** The log takes no more than this; beyond it room is made as on a full disk. */
  readonly maxBytes?: number;
  /** Room held back beside the log; none if not given. */
  readonly ballastBytes?: number;
  /** Readings that are never thinned out; by default those that by themselves tell of a flood (thin.ts). */
  readonly isEvent?: (stored: StoredReading) => boolean;
  /** Told what was cut off, passed over or dropped. */
  readonly warn?: (details: object, message: string) => void;
  readonly files?: Files;
  /** What was settled is noted after so many real ms, or so many numbers. */
  readonly hintEveryMs?: number;
  readonly hintEverySeqs?: number;
  /** Real ms between two attempts to take the ballast back. */
  readonly refillEveryMs?: number;
};

const defaultSegmentBytes = 256 * 1024;
const mintBatch = 1_000;
/** Steps of making room for one append: somebody else may be eating the disk, and all would be thinned for nothing. */
const mostSteps = 6;
const afterVainStepsMs = 600_000;
/** Enough for a cursor. */
const smallBytes = 65_536;

type Waiting = { draft: Draft; resolve(stored: StoredReading): void; reject(error: unknown): void };

export async function openFileOutbox(options: FileOutboxOptions): Promise<Outbox> {
  const { folder, segmentBytes = defaultSegmentBytes, keepMs = 30 * 86_400_000, maxBytes = 512 << 20 } = options;
  const { ballastBytes = 0, isEvent = tellsOfFlood, warn = () => {}, files = diskFiles } = options;
  const { hintEveryMs = 900_000, hintEverySeqs = 2_000, refillEveryMs = 60_000 } = options;
  await makeFolder(folder);
  const unlock = await takeLock(join(folder, 'LOCK'));
  const opened = await openStream(files, folder, segmentBytes).catch(async (error) => {
    await unlock();
    throw error;
  });
  const ballast = await openBallast(files, join(folder, 'ballast'), ballastBytes);
  let { ledger, log, saved, mint } = opened;
  let waiting: Waiting[] = [];
  let closed = false;
  let turn: Promise<unknown> = Promise.resolve();
  let notKept = 0;
  let hintedAtMs = performance.now();
  let hintedSettled = countSeqs(ledger.settled);
  let refilledAtMs = Number.NEGATIVE_INFINITY;
  let noStepsUntilMs = 0;

  /** Everything that writes takes its turn here, one after the other. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work);
    turn = done.catch(() => undefined);
    return done;
  };

  /** Does what takes a little room; where there is none the ballast gives it. */
  const withBallast = async <T>(bytes: number, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!isDiskFull(error) || !(await ballast.release(bytes))) throw error;
      return work();
    }
  };

  const noted = (): void => {
    hintedAtMs = performance.now();
    hintedSettled = countSeqs(ledger.settled);
  };

  const saveAs = async (next: Ledger): Promise<void> => {
    saved++;
    await withBallast(smallBytes, () => writeCursor(files, join(folder, next.stream), cursorOf(next, saved, mint)));
    noted();
  };

  /** A full disk takes no cursor; what is held must still be sent, for only that makes room. */
  const save = (): Promise<void> =>
    saveAs(ledger).catch((error) => warn({ err: messageOf(error) }, 'cursor not saved'));

  const hint = async (): Promise<void> => {
    saved++;
    noted();
    const cursor = cursorOf(ledger, saved, mint);
    await writeHint(files, join(folder, ledger.stream), cursor).catch((error) =>
      warn({ err: messageOf(error) }, 'hint not saved'),
    );
  };

  const room = createRoom({
    log: () => log,
    ledger: () => ledger,
    change(next, thinnedOut) {
      ledger = next;
      notKept += thinnedOut;
      if (thinnedOut > 0) warn({ thinnedOut }, 'thinned out readings that were never sent');
    },
    save,
    isEvent,
  });

  /** Makes room until `enough`; false when it is not enough. */
  const makeRoom = async (enough: () => Promise<boolean>, steps: number): Promise<boolean> => {
    if (performance.now() < noStepsUntilMs) return false;
    for (let i = 0; i < steps; i++) {
      const made = await withBallast(2 * segmentBytes, () => room.step()).catch((error) => {
        if (!isDiskFull(error)) throw error;
        return false;
      });
      if (!made) break;
      if (await enough()) return true;
    }
    return false;
  };

  /** Up to the budget: half a segment below it, so that not every append must make room. */
  const keepBudget = async (): Promise<boolean> => {
    if (log.bytes() < maxBytes) return true;
    const made = await makeRoom(async () => log.bytes() < maxBytes - segmentBytes / 2, Number.POSITIVE_INFINITY);
    return made || log.bytes() < maxBytes;
  };

  /** Appends; on a full disk makes room and tries again. */
  const store = async (firstSeq: number, drafts: readonly Draft[]): Promise<void> => {
    if (!(await keepBudget()))
      throw agentError('outbox-full', `not stored: the budget of ${maxBytes} bytes is used up`);
    try {
      return await log.append(firstSeq, drafts);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      const enough = async () => ((await files.free(folder)) ?? 0) > segmentBytes + ballast.missing();
      await makeRoom(enough, mostSteps);
      await log.append(firstSeq, drafts).catch((again) => {
        if (performance.now() >= noStepsUntilMs) noStepsUntilMs = performance.now() + afterVainStepsMs;
        throw again;
      });
      await ballast.refill(segmentBytes);
    }
  };

  /** Uses up the numbers of what could not be kept, so that the loss is declared, if that can be written down. */
  const refuse = async (count: number): Promise<void> => {
    notKept += count;
    const next = refused(ledger, count);
    try {
      await saveAs(next);
      ledger = next;
    } catch (error) {
      warn({ err: messageOf(error), count }, 'readings not kept, and no room to write that down');
    }
  };

  const flush = async (): Promise<void> => {
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return;
    const firstSeq = ledger.lastSeq + 1;
    try {
      await store(
        firstSeq,
        batch.map(({ draft }) => draft),
      );
    } catch (error) {
      await refuse(batch.length);
      const reason = isAgentError(error) ? error : agentError('outbox-full', `not stored: ${messageOf(error)}`, error);
      for (const { reject } of batch) reject(reason);
      return;
    }
    noStepsUntilMs = 0;
    ledger = appended(ledger, firstSeq, firstSeq + batch.length - 1);
    batch.forEach(({ draft, resolve }, i) => {
      resolve({ ...draft, stream: ledger.stream, reading: { ...draft.reading, seq: firstSeq + i } });
    });
    if (ballast.missing() > 0 && performance.now() - refilledAtMs >= refillEveryMs) {
      refilledAtMs = performance.now();
      await ballast.refill(segmentBytes);
    }
  };

  /** Drops what the cloud has had for longer than it may be asked for again. */
  const dropExpired = async (): Promise<void> => {
    const newestAtMs = log.segments().at(-1)?.newestAtMs;
    if (newestAtMs === null || newestAtMs === undefined) return;
    const isOld = (atMs: number | null) => atMs === null || newestAtMs - atMs >= keepMs;
    await room.dropSettled(
      (segment) => isOld(segment.newestAtMs),
      () => false,
    );
  };

  /** Copies the readings of `seqs` into the empty log `next`, under new numbers. */
  const copyTo = async (next: SegmentLog, stream: StreamId, seqs: SeqRanges): Promise<Ledger> => {
    let minted = newLedger(stream);
    let rest = seqs;
    for (;;) {
      const { readings, missing } = await log.read(rest, mintBatch);
      if (missing.length > 0) warn({ missing: countSeqs(missing) }, 'readings on the disk became unreadable');
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
    const next = await beginStream(files, folder, stream, segmentBytes);
    try {
      const minted = await copyTo(next, stream, seqs);
      await writeCursor(files, target, cursorOf(minted, 1, mint + 1));
      await writeStreamFile(files, folder, stream);
      [log, ledger, saved, mint] = [next, minted, 1, mint + 1];
    } catch (error) {
      await next.close();
      await files.removeTree(target);
      throw error;
    }
    noted();
    // The move is done: what is left of the old stream is rubbish, deleted at the next start at the latest.
    await Promise.all([old.log.close(), files.removeTree(join(folder, old.stream))]).catch((error) =>
      warn({ err: messageOf(error) }, 'old stream not deleted'),
    );
  };

  const { tornBytes, damagedBytes, unreadable } = log.found();
  if (unreadable.length > 0) warn({ unreadable, lost: ledger.lost }, 'segments cannot be read; they are kept aside');
  if (tornBytes > 0) warn({ tornBytes }, 'cut off a torn tail: the last append had not been finished');
  if (damagedBytes > 0) warn({ damagedBytes, lost: ledger.lost }, 'passed over damaged records');
  // The doubt about this run's numbers must be on the disk before the first of them is given.
  await save();

  return {
    state: () => stateOf(ledger, log.bytes(), notKept),
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
          ledger = released(ledger, missing);
          warn({ missing: countSeqs(missing) }, 'readings on the disk became unreadable');
        }
        return readings;
      }),
    settle: (settlement) =>
      inTurn(async () => {
        if (settlement.stream !== ledger.stream) return;
        const before = ledger;
        ledger = settledWith(ledger, settlement);
        await dropExpired();
        const cleared = before.doubt !== null && ledger.doubt === null;
        if (cleared || before.storeId !== ledger.storeId || settlement.how === 'replace') return save();
        const due = performance.now() - hintedAtMs >= hintEveryMs;
        if (due || countSeqs(ledger.settled) - hintedSettled >= hintEverySeqs) await hint();
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
