import type { Judge } from './judging/index.ts';

export type JudgingLoop = {
  /** Judges what earlier commits left, and begins to sweep. */
  start(): void;
  /** A commit marked something. Any number of these before the judge's turn make one run. */
  wake(): void;
  troubles(): string[];
  /** No new run begins; resolves when the one under way has ended. */
  close(): Promise<void>;
};

/** A run shorter than this needs no rest after it; the longest rest is what the stream coalesces anyway. In ms. */
const shortRunMs = 5;
const longestRestMs = 100;

/**
 * When the judge works: in the turn after a commit, so that acknowledgements go out first, and every second
 * of real time for what silence says. What failed is tried again with the next sweep.
 */
export function judgingLoop(options: {
  readonly judge: Pick<Judge, 'run' | 'sweep'>;
  /** Seconds from the first unjudged commit to the end of the run that judged it. */
  readonly onLag: (seconds: number) => void;
  readonly onError: (error: Error) => void;
  readonly sweepMs?: number;
}): JudgingLoop {
  const { judge, onLag, onError, sweepMs = 1000 } = options;
  let wokenAtMs: number | undefined;
  let running: Promise<void> | undefined;
  let sweeping: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let trouble: string | undefined;
  let closed = false;

  async function guarded(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      trouble = undefined;
      return true;
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      trouble = `judge: ${failure.message}`;
      onError(failure);
      return false;
    }
  }

  async function runAll(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (wokenAtMs !== undefined && !closed) {
      const sinceMs = wokenAtMs;
      const beganMs = performance.now();
      wokenAtMs = undefined;
      if (!(await guarded(judge.run))) {
        wokenAtMs ??= sinceMs;
        break;
      }
      onLag((performance.now() - sinceMs) / 1000);
      await rest(performance.now() - beganMs);
    }
    running = undefined;
  }

  /** As long as the run took, so that under load no more than half of the time goes into judging. */
  function rest(tookMs: number): Promise<void> | undefined {
    if (tookMs < shortRunMs) return undefined;
    return new Promise((resolve) => setTimeout(resolve, Math.min(tookMs, longestRestMs)));
  }

  function run(): void {
    if (!closed) running ??= runAll();
  }

  function sweep(): void {
    if (wokenAtMs !== undefined) run();
    sweeping ??= guarded(judge.sweep).then(() => {
      sweeping = undefined;
    });
  }

  function wake(): void {
    wokenAtMs ??= performance.now();
    run();
  }

  return {
    start() {
      timer = setInterval(sweep, sweepMs);
      wake();
    },
    wake,
    troubles: () => (trouble === undefined ? [] : [trouble]),
    async close() {
      closed = true;
      clearInterval(timer);
      await Promise.all([running, sweeping]);
    },
  };
}
