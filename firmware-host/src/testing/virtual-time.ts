/** Timers that fire when they are told to, instead of the process's own: for long trials of what waits for answers. */

type Timer = { readonly id: number; atMs: number; readonly everyMs: number | null; fire(): void };

/**
 * Runs `trial` with timeouts and intervals replaced; `next` moves to the earliest of them, fires it, and lets
 * everything that follows from it happen. Puts the real ones back. Nothing else of the process should wait meanwhile.
 */
export async function withVirtualTime<T>(trial: (next: () => Promise<void>) => Promise<T>): Promise<T> {
  const real = { setTimeout, clearTimeout, setInterval, clearInterval };
  const settled = globalThis.setImmediate;
  let timers: Timer[] = [];
  let nowMs = 0;
  let ids = 0;
  const start = (fire: () => void, ms: number, everyMs: number | null): number => {
    timers.push({ id: ++ids, atMs: nowMs + ms, everyMs, fire });
    return ids;
  };
  const stop = (id: number | undefined): void => {
    timers = timers.filter((timer) => timer.id !== id);
  };
  Object.assign(globalThis, {
    setTimeout: (fire: () => void, ms = 0) => start(fire, ms, null),
    setInterval: (fire: () => void, ms = 0) => start(fire, ms, ms),
    clearTimeout: stop,
    clearInterval: stop,
  });
  try {
    return await trial(async () => {
      const [first] = timers.toSorted((a, b) => a.atMs - b.atMs);
      if (!first) throw new Error('nothing waits');
      nowMs = first.atMs;
      if (first.everyMs === null) stop(first.id);
      else first.atMs += first.everyMs;
      first.fire();
      await new Promise<void>((resolve) => settled(() => resolve()));
    });
  } finally {
    Object.assign(globalThis, real);
  }
}
