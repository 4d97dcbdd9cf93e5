/**
 * A local time that only serves to measure spans: it never goes backwards, and it counts the machine's sleep,
 * during which `performance.now()` may stand still. A forward step of the PC's clock looks like sleep; the next
 * heartbeat corrects what that does to the ages.
 */
export function localTimer(
  monotonicMs: () => number = () => performance.now(),
  wallMs: () => number = () => Date.now(),
): () => number {
  let sleptMs = 0;
  let lastMonotonicMs = monotonicMs();
  let lastWallMs = wallMs();
  return () => {
    const monotonic = monotonicMs();
    const wall = wallMs();
    const unseenMs = wall - lastWallMs - (monotonic - lastMonotonicMs);
    if (unseenMs > sleepMs) sleptMs += unseenMs;
    lastMonotonicMs = monotonic;
    lastWallMs = wall;
    return monotonic + sleptMs;
  };
}

const sleepMs = 2_000;
