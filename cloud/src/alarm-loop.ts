/**
 * When the rules look and the desk takes: at the stations of each judgement in the turn after it, and at everything
 * every second of real time, since silence, delays and escalations go by the clock.
 */
import type { StationId } from '@siaga/protocol';
import type { AlarmDesk } from './alarms/desk.ts';
import type { RuleSet, World } from './alarms/rule.ts';

export type AlarmLoop = {
  start(): void;
  /** Something new is known of these stations. */
  touch(stations: Iterable<StationId>): void;
  troubles(): string[];
  /** No new look begins; resolves when the one under way has ended. */
  close(): Promise<void>;
};

/** The desk rests as long as it worked, at most so long, so that a storm leaves the rest of the process its half. */
const shortTakeMs = 5;
const longestRestMs = 250;

/** A look that takes longer than this will hardly end: whoever watches the box must hear of it. */
const longestLookMs = 30_000;

export function alarmLoop(options: {
  readonly rules: Pick<RuleSet, 'find'>;
  readonly desk: Pick<AlarmDesk, 'take'>;
  /** What is known now; `stations`: only these will be looked at. */
  readonly world: (stations?: ReadonlySet<StationId>) => World | Promise<World>;
  readonly onError: (error: Error) => void;
  readonly everyMs?: number;
  readonly stuckMs?: number;
}): AlarmLoop {
  const { rules, desk, world, onError, everyMs = 1000, stuckMs = longestLookMs } = options;
  let touched = new Set<StationId>();
  let isAllDue = false;
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let trouble: string | undefined;
  let lookBeganMs: number | undefined;
  let closed = false;

  async function look(): Promise<void> {
    const stations = isAllDue ? undefined : touched;
    isAllDue = false;
    touched = new Set();
    lookBeganMs = performance.now();
    try {
      await desk.take(rules.find(await world(stations), stations), stations);
      trouble = undefined;
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      // What was to be looked at is looked at with the next second's look at everything.
      trouble = `alarms: ${failure.message}`;
      onError(failure);
    } finally {
      lookBeganMs = undefined;
    }
  }

  async function lookOn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while ((isAllDue || touched.size > 0) && !closed) {
      const beganMs = performance.now();
      await look();
      const tookMs = performance.now() - beganMs;
      if (tookMs > shortTakeMs) await new Promise((resolve) => setTimeout(resolve, Math.min(tookMs, longestRestMs)));
    }
    running = undefined;
  }

  function wake(): void {
    if (!closed) running ??= lookOn();
  }

  function lookAtAll(): void {
    isAllDue = true;
    wake();
  }

  return {
    start() {
      timer = setInterval(lookAtAll, everyMs);
      lookAtAll();
    },
    touch(stations) {
      for (const station of stations) touched.add(station);
      if (timer !== undefined) wake();
    },
    troubles() {
      const tookMs = lookBeganMs === undefined ? 0 : performance.now() - lookBeganMs;
      if (tookMs > stuckMs) return [`alarms: nothing was looked at for ${Math.round(tookMs / 1000)} s`];
      return trouble === undefined ? [] : [trouble];
    },
    async close() {
      closed = true;
      clearInterval(timer);
      await running;
    },
  };
}
