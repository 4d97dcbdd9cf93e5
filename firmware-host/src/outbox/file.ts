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
import { countSeqs } from '@siaga/protocol';
import { agentError, isAgentError, messageOf } from '../errors.ts';
import { openBallast } from './ballast.ts';
import { makeFolder } from './durable.ts';
import { diskFiles, type Files } from './files.ts';
import { createKeeper } from './keeper.ts';
import { appended, released, settledWith, stateOf } from './ledger.ts';
import { takeLock } from './lock.ts';
import { moveToNewStream } from './moving.ts';
import type { Draft, Outbox, StoredReading } from './outbox.ts';
import { createRoom } from './room.ts';
import { createStoring } from './storing.ts';
import { openStream } from './streams.ts';
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
  const keeper = createKeeper(opened, { files, folder, ballast, hintEveryMs, hintEverySeqs, warn });
  const { ledger, log } = keeper;
  const room = createRoom({
    log,
    ledger,
    change(next, thinnedOut) {
      keeper.change(next);
      keeper.countNotKept(thinnedOut);
      if (thinnedOut > 0) warn({ thinnedOut }, 'thinned out readings that were never sent');
    },
    save: keeper.save,
    isEvent,
  });
  const { store } = createStoring({ files, folder, room, ballast, segmentBytes, maxBytes, refillEveryMs, log });
  let waiting: Waiting[] = [];
  let closed = false;
  let turn: Promise<unknown> = Promise.resolve();

  /** Everything that writes takes its turn here, one after the other. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work);
    turn = done.catch(() => undefined);
    return done;
  };

  const flush = async (): Promise<void> => {
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return;
    const { stream, lastSeq } = ledger();
    const drafts = batch.map(({ draft }) => draft);
    try {
      await store(lastSeq + 1, drafts);
    } catch (error) {
      await keeper.refuse(batch.length);
      const reason = isAgentError(error) ? error : agentError('outbox-full', `not stored: ${messageOf(error)}`, error);
      for (const { reject } of batch) reject(reason);
      return;
    }
    keeper.change(appended(ledger(), lastSeq + 1, lastSeq + batch.length));
    batch.forEach(({ draft, resolve }, i) => {
      resolve({ ...draft, stream, reading: { ...draft.reading, seq: lastSeq + 1 + i } });
    });
  };

  /** Drops what the cloud has had for longer than it may be asked for again. */
  const dropExpired = async (): Promise<void> => {
    const newestAtMs = log().segments().at(-1)?.newestAtMs;
    if (newestAtMs === null || newestAtMs === undefined) return;
    const isOld = (atMs: number | null) => atMs === null || newestAtMs - atMs >= keepMs;
    await room.dropSettled((segment) => isOld(segment.newestAtMs));
  };

  const tellDamage = (): void => {
    const { tornBytes, damagedBytes, unreadable } = log().found();
    const { lost } = ledger();
    if (unreadable.length > 0) warn({ unreadable, lost }, 'segments cannot be read; they are kept aside');
    if (tornBytes > 0) warn({ tornBytes }, 'cut off a torn tail: the last append had not been finished');
    if (damagedBytes > 0) warn({ damagedBytes, lost }, 'passed over damaged records');
  };

  tellDamage();
  // The doubt about this run's numbers must be on the disk before the first of them is given.
  await keeper.save();

  return {
    state: () => stateOf(ledger(), log().bytes(), keeper.notKept()),
    storeId: () => ledger().storeId,
    append: (draft) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(agentError('outbox-closed', 'the outbox is closed'));
        waiting.push({ draft, resolve, reject });
        if (waiting.length === 1) inTurn(flush).catch((error) => warn({ err: messageOf(error) }, 'outbox'));
      }),
    lease: (seqs, limit) =>
      inTurn(async () => {
        const { readings, missing } = await log().read(seqs, limit);
        if (missing.length > 0) {
          keeper.change(released(ledger(), missing));
          warn({ missing: countSeqs(missing) }, 'readings on the disk became unreadable');
        }
        return readings;
      }),
    settle: (settlement) =>
      inTurn(async () => {
        const before = ledger();
        if (settlement.stream !== before.stream) return;
        keeper.change(settledWith(before, settlement));
        await dropExpired();
        const { doubt, storeId } = ledger();
        const cleared = before.doubt !== null && doubt === null;
        if (cleared || before.storeId !== storeId || settlement.how === 'replace') await keeper.save();
        else await keeper.hintIfDue();
      }),
    remint: (seqs) =>
      inTurn(async () => {
        const old = { stream: ledger().stream, log: log(), mint: keeper.mint() };
        keeper.replace(await moveToNewStream({ files, folder, segmentBytes }, old, seqs, warn));
        // What is left of the old stream is rubbish, deleted at the next start at the latest.
        await Promise.all([old.log.close(), files.removeTree(join(folder, old.stream))]).catch((error) =>
          warn({ err: messageOf(error) }, 'old stream not deleted'),
        );
        return ledger().stream;
      }),
    async close() {
      if (closed) return;
      closed = true;
      await inTurn(async () => {
        await flush();
        await keeper.save();
        await log().close();
      }).finally(unlock);
    },
  };
}
