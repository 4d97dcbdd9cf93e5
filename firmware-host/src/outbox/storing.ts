/** Appends to the log within its budget, and on a disk that is full: makes room and tries again. */
import { agentError } from '../errors.ts';
import { type Ballast, helped } from './ballast.ts';
import { type Files, isDiskFull } from './files.ts';
import type { SegmentLog } from './log.ts';
import type { Draft } from './outbox.ts';
import type { Room } from './room.ts';

export type Storing = {
  /** Rejects when there is no room and none can be made; nothing is in the log then. */
  store(firstSeq: number, drafts: readonly Draft[]): Promise<void>;
};

/** Steps of making room for one append: somebody else may be eating the disk, and all would be thinned for nothing. */
const stepsForOne = 6;
const afterVainStepsMs = 600_000;

export function createStoring(parts: {
  readonly files: Files;
  readonly folder: string;
  readonly room: Room;
  readonly ballast: Ballast;
  readonly segmentBytes: number;
  readonly maxBytes: number;
  readonly refillEveryMs: number;
  log(): SegmentLog;
}): Storing {
  const { files, folder, room, ballast, segmentBytes, maxBytes, log } = parts;
  let refilledAtMs = Number.NEGATIVE_INFINITY;
  let noThinningUntilMs = 0;

  const isInVain = () => performance.now() < noThinningUntilMs;
  const wasInVain = (): void => {
    if (!isInVain()) noThinningUntilMs = performance.now() + afterVainStepsMs;
  };

  /** Makes room until `enough`; false when it is not enough. */
  const makeRoom = async (enough: () => Promise<boolean>, mostSteps: number): Promise<boolean> => {
    // What the cloud has taken since may always go, a segment for a reading.
    const [thinning, steps] = isInVain() ? [false, 1] : [true, mostSteps];
    for (let i = 0; i < steps; i++) {
      const made = await helped(ballast, 2 * segmentBytes, () => room.step({ thinning })).catch((error) => {
        if (!isDiskFull(error)) throw error;
        return false;
      });
      if (!made) return false;
      if (await enough()) return true;
    }
    return false;
  };

  /** Up to the budget: half a segment below it, so that not every append must make room. */
  const keepBudget = async (): Promise<boolean> => {
    if (log().bytes() < maxBytes) return true;
    const made = await makeRoom(async () => log().bytes() < maxBytes - segmentBytes / 2, Number.POSITIVE_INFINITY);
    if (made || log().bytes() < maxBytes) return true;
    wasInVain();
    return false;
  };

  const appendWithRoomMade = async (firstSeq: number, drafts: readonly Draft[]): Promise<void> => {
    const enough = async () => ((await files.free(folder)) ?? 0) > segmentBytes + ballast.missing();
    await makeRoom(enough, stepsForOne);
    await log()
      .append(firstSeq, drafts)
      .catch((error) => {
        wasInVain();
        throw error;
      });
    await ballast.refill(segmentBytes);
  };

  return {
    async store(firstSeq, drafts) {
      if (!(await keepBudget()))
        throw agentError('outbox-full', `not stored: the budget of ${maxBytes} bytes is used up`);
      await log()
        .append(firstSeq, drafts)
        .catch((error) => {
          if (!isDiskFull(error)) throw error;
          return appendWithRoomMade(firstSeq, drafts);
        });
      noThinningUntilMs = 0;
      if (ballast.missing() === 0 || performance.now() - refilledAtMs < parts.refillEveryMs) return;
      refilledAtMs = performance.now();
      await ballast.refill(segmentBytes);
    },
  };
}
