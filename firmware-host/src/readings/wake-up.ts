/** At most this long between two looks: a clock may be set, and a silent line must be told within five seconds. */
const mostMs = 1_000;

/**
 * One timer that fires when it is wanted, in place of one that ticks: a gauge that waits for its next minute
 * costs nothing. `onWake` gives the real ms until it is wanted again.
 */
export function createWakeUp(onWake: () => number) {
  let timer: NodeJS.Timeout | undefined;
  let dueAtMs = Number.POSITIVE_INFINITY;
  let stopped = false;

  const soon = (inMs: number): void => {
    const wait = Math.max(1, Math.min(mostMs, inMs));
    const atMs = performance.now() + wait;
    if (stopped || atMs >= dueAtMs) return;
    clearTimeout(timer);
    dueAtMs = atMs;
    timer = setTimeout(wake, wait);
  };
  const wake = (): void => {
    dueAtMs = Number.POSITIVE_INFINITY;
    soon(onWake());
  };
  soon(mostMs);
  return {
    /** Wanted in this many real ms, if not earlier. */
    soon,
    stop(): void {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
