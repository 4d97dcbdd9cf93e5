import { performance as nodePerformance } from 'node:perf_hooks';
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
const firstRestMs = 100;
const longestRestMs = 1000;
/** Rest after a turn, as multiples of what it took: while the process has much else to do, and while it has not. */
const busyRest = 9;
const idleRest = 1;
const busyShare = 0.5;
const retryMs = 1000;

/**
 * When history is folded: a little after commits, a short turn at a time. The rest of the process has nine tenths of the
 * time while it needs them, else half, so that a year's backlog is soon folded and takes nothing from those who live now.
 */
export function historyLoop(options: {
  readonly history: Pick<History, 'turn'>;
  /** Seconds of a turn, and how many readings it folded. */
  readonly onFolded: (seconds: number, readings: number) => void;
  readonly onError: (error: Error) => void;
  /** Share of the time in which the process worked since it was asked last, 0 to 1. */
  readonly busy?: () => number;
}): HistoryLoop {
  const { history, onFolded, onError, busy = eventLoopUse() } = options;
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
    const isBusy = busy() > busyShare;
    try {
      const done = await history.turn();
      trouble = undefined;
      const tookMs = performance.now() - beganMs;
      if (done === null) return woken ? firstRestMs : undefined;
      onFolded(tookMs / 1000, done.readings);
      return Math.min(tookMs * (isBusy ? busyRest : idleRest), longestRestMs);
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      trouble = `history: ${failure.message}`;
      onError(failure);
      return retryMs;
    } finally {
      // What follows is what others do.
      busy();
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

function eventLoopUse(): () => number {
  let last = nodePerformance.eventLoopUtilization();
  return () => {
    const now = nodePerformance.eventLoopUtilization();
    const { utilization } = nodePerformance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}
