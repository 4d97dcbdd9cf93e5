/** Keeps the ledger of the present stream, and writes down of it what must not be forgotten. */
import { join } from 'node:path';
import { countSeqs } from '@siaga/protocol';
import { messageOf } from '../errors.ts';
import { type Ballast, helped } from './ballast.ts';
import { cursorOf, writeCursor, writeHint } from './cursor.ts';
import type { Files } from './files.ts';
import { type Ledger, refused } from './ledger.ts';
import type { SegmentLog } from './log.ts';
import type { OpenedStream } from './streams.ts';

export type Keeper = {
  ledger(): Ledger;
  log(): SegmentLog;
  /** How many streams of this folder came before the present one. */
  mint(): number;
  /** What is new in memory only. */
  change(ledger: Ledger): void;
  /** Goes over to another stream, all of which is durable. */
  replace(stream: OpenedStream): void;
  /** Readings that this run could not keep. */
  notKept(): number;
  countNotKept(count: number): void;
  /** Makes the ledger durable. A full disk takes no cursor, but what is held must still be sent: it is only told. */
  save(): Promise<void>;
  /** Notes it without a sync, when enough was settled since the last time or long ago enough. */
  hintIfDue(): Promise<void>;
  /** Uses up the numbers of what could not be kept, so that the loss is declared, if that can be written down. */
  refuse(count: number): Promise<void>;
};

/** Enough for a cursor with all the gaps that thinning may make. */
const smallBytes = 131_072;

export function createKeeper(
  opened: OpenedStream,
  world: {
    readonly files: Files;
    readonly folder: string;
    readonly ballast: Ballast;
    readonly hintEveryMs: number;
    readonly hintEverySeqs: number;
    readonly warn: (details: object, message: string) => void;
  },
): Keeper {
  const { files, folder, ballast, warn } = world;
  let { ledger, log, saved, mint } = opened;
  let notKept = 0;
  let hintedAtMs = performance.now();
  let hintedSettled = countSeqs(ledger.settled);

  const noted = (): void => {
    hintedAtMs = performance.now();
    hintedSettled = countSeqs(ledger.settled);
  };
  const saveAs = async (next: Ledger): Promise<void> => {
    saved++;
    const cursor = cursorOf(next, saved, mint);
    await helped(ballast, smallBytes, () => writeCursor(files, join(folder, next.stream), cursor));
    noted();
  };
  return {
    ledger: () => ledger,
    log: () => log,
    mint: () => mint,
    change(next) {
      ledger = next;
    },
    replace(stream) {
      ({ ledger, log, saved, mint } = stream);
      noted();
    },
    notKept: () => notKept,
    countNotKept(count) {
      notKept += count;
    },
    save: () => saveAs(ledger).catch((error) => warn({ err: messageOf(error) }, 'cursor not saved')),
    async hintIfDue() {
      const isLongAgo = performance.now() - hintedAtMs >= world.hintEveryMs;
      if (!isLongAgo && countSeqs(ledger.settled) - hintedSettled < world.hintEverySeqs) return;
      saved++;
      noted();
      await writeHint(files, join(folder, ledger.stream), cursorOf(ledger, saved, mint)).catch((error) =>
        warn({ err: messageOf(error) }, 'hint not saved'),
      );
    },
    async refuse(count) {
      notKept += count;
      const next = refused(ledger, count);
      try {
        await saveAs(next);
        ledger = next;
      } catch (error) {
        warn({ err: messageOf(error), count }, 'readings not kept, and no room to write that down');
      }
    },
  };
}
