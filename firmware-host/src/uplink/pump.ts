/** Works step by step while there is something to do, one step at a time; whoever asks again meanwhile is not forgotten. */
import { pause } from '../wait.ts';

export type Pump = {
  /** There may be something to do. */
  run(): void;
  runIn(ms: number): void;
  /** Within a step. */
  isBusy(): boolean;
  stop(): Promise<void>;
};

export type PumpOptions = {
  /** Resolves with true when it did something, and may do more. */
  readonly step: () => Promise<boolean>;
  readonly may: () => boolean;
  /** Real ms between two steps. */
  readonly everyMs: number;
  readonly onError: (error: unknown) => void;
};

export function createPump({ step, may, everyMs, onError }: PumpOptions): Pump {
  const ending = new AbortController();
  let running: Promise<void> | null = null;
  let again = false;
  let busy = false;
  let later: NodeJS.Timeout | null = null;

  const oneStep = async (): Promise<boolean> => {
    busy = true;
    try {
      return await step();
    } finally {
      busy = false;
    }
  };
  const work = async (): Promise<void> => {
    do {
      again = false;
      while (may() && !ending.signal.aborted && (await oneStep())) await pause(everyMs, ending.signal);
    } while (again && !ending.signal.aborted);
  };
  const run = (): void => {
    again = true;
    if (running || ending.signal.aborted) return;
    running = work().then(
      () => {
        running = null;
        // Asked for between the last look and here.
        if (again) run();
      },
      (error) => {
        running = null;
        onError(error);
      },
    );
  };

  return {
    run,
    runIn(ms) {
      later ??= setTimeout(() => {
        later = null;
        run();
      }, ms);
    },
    isBusy: () => busy,
    async stop() {
      ending.abort();
      if (later) clearTimeout(later);
      await running;
    },
  };
}
