import type { History } from './judging/index.ts';

export type HistoryLoop = {
  /** Folds what earlier runs left. */
  start(): void;
  /** A commit marked something. */
  wake(): void;
  troubles(): string[];
  /** No new turn begins; resolves when the one under way has ended. */
  close(): Promise<void>;
};

/** Live judging and acknowledgements go first. In real ms. */
const firstRestMs = 50;
const longestRestMs = 1000;
/** Rest after a turn, as multiples of what it took: while messages come, and while none do. */
const busyRest = 4;
const idleRest = 0.5;
const retryMs = 1000;

/**
 * When history is folded: a little after commits, a short turn at a time, with rests between that are longer while
 * messages come, so that a year's backlog takes no more than a fifth of the time from those who live now.
 */
export function historyLoop(options: {
  readonly history: Pick<History, 'turn'>;
  /** Seconds of a turn, and how many readings it folded. */
  readonly onFolded: (seconds: number, readings: number) => void;
  readonly onError: (error: Error) => void;
}): HistoryLoop {
  const { history, onFolded, onError } = options;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  /** Something was marked since the last turn began. */
  let woken = false;
  let trouble: string | undefined;
  let closed = false;

  function after(ms: number): void {
    if (closed || timer !== undefined || running !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      running = turn().then((restMs) => {
        running = undefined;
        if (restMs !== undefined) after(restMs);
      });
    }, ms);
  }

  /** Rest until the next turn; undefined when there is nothing left to do. */
  async function turn(): Promise<number | undefined> {
    const beganMs = performance.now();
    woken = false;
    try {
      const done = await history.turn();
      trouble = undefined;
      const tookMs = performance.now() - beganMs;
      if (done === null) return woken ? firstRestMs : undefined;
      onFolded(tookMs / 1000, done.readings);
      return Math.min(tookMs * (woken ? busyRest : idleRest), longestRestMs);
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      trouble = `history: ${failure.message}`;
      onError(failure);
      return retryMs;
    }
  }

  return {
    start: () => after(0),
    wake() {
      woken = true;
      after(firstRestMs);
    },
    troubles: () => (trouble === undefined ? [] : [trouble]),
    async close() {
      closed = true;
      clearTimeout(timer);
      await running;
    },
  };
}
