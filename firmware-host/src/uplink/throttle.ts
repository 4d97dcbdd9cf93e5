/**
 * Keeps a connection below what a broker takes: AWS IoT Core discards what goes beyond 100 publishes or 512 KB
 * in a second, without a word. Two buckets, filled evenly; who comes first goes first.
 */
export type ThrottleLimits = { readonly publishesPerS: number; readonly bytesPerS: number };

export type Throttle = {
  /** Resolves when a message of `bytes` may leave; at once, in the same turn, while there is room. */
  take(bytes: number): Promise<void>;
  /** Rejects all who wait with `error`, and everyone after them. */
  close(error: Error): void;
};

/** What may leave at once after a silence: this share of a second's allowance. */
const burstShare = 0.2;

export function createThrottle(
  { publishesPerS, bytesPerS }: ThrottleLimits,
  nowMs: () => number = () => performance.now(),
): Throttle {
  // Each bucket is the time at which it will be empty again: nothing to fill, nothing to round.
  let publishesFreeMs = 0;
  let bytesFreeMs = 0;
  let closed: Error | null = null;
  let timer: NodeJS.Timeout | null = null;
  let waiting: { bytes: number; resolve(): void; reject(error: Error): void }[] = [];
  const burstMs = burstShare * 1_000;

  const waitMs = (): number => Math.max(publishesFreeMs, bytesFreeMs) - burstMs - nowMs();
  const spend = (bytes: number): void => {
    const now = nowMs();
    publishesFreeMs = Math.max(publishesFreeMs, now) + 1_000 / publishesPerS;
    bytesFreeMs = Math.max(bytesFreeMs, now) + (bytes * 1_000) / bytesPerS;
  };

  const letGo = (): void => {
    timer = null;
    while (waiting.length > 0 && waitMs() <= 0) {
      const next = waiting.shift();
      spend(next?.bytes ?? 0);
      next?.resolve();
    }
    if (waiting.length > 0) timer = setTimeout(letGo, Math.max(1, waitMs()));
  };

  return {
    take(bytes) {
      if (closed) return Promise.reject(closed);
      if (waiting.length === 0 && waitMs() <= 0) {
        spend(bytes);
        return Promise.resolve();
      }
      return new Promise((resolve, reject) => {
        waiting.push({ bytes, resolve, reject });
        timer ??= setTimeout(letGo, Math.max(1, waitMs()));
      });
    },
    close(error) {
      closed = error;
      if (timer) clearTimeout(timer);
      for (const { reject } of waiting.splice(0)) reject(error);
      waiting = [];
    },
  };
}
