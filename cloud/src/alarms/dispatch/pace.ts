/** How fast a channel is used, and how long after a failure it is tried again: real time. */

export type Pace = {
  /** Messages under way at once. */
  readonly together: number;
  /** Messages in any minute: what providers bear, and what a local modem can. */
  readonly perMinute: number;
};

const paces: Readonly<Record<string, Pace>> = {
  email: { together: 2, perMinute: 120 },
  'sms-modem': { together: 1, perMinute: 20 },
  telegram: { together: 4, perMinute: 600 },
  'web-push': { together: 8, perMinute: 1200 },
};
const usual: Pace = { together: 4, perMinute: 240 };

export function paceOf(channel: string): Pace {
  return paces[channel] ?? usual;
}

const firstMs = 2_000;
const longestMs = 5 * 60_000;

/**
 * The pause after the `attempts`-th failure: twice the last, 5 minutes at most, and between half and all of it by chance,
 * so that what failed together does not come back together.
 */
export function backOffMs(attempts: number, chance = Math.random()): number {
  const whole = Math.min(longestMs, firstMs * 2 ** Math.min(attempts - 1, 20));
  return whole * (0.5 + chance / 2);
}

/** Allows `perMinute` in any minute, in bursts of up to a sixth of it. `take` says whether one may go now. */
export function createBucket(perMinute: number, nowMs: () => number): { take(): boolean; readyInMs(): number } {
  const burst = Math.max(1, perMinute / 6);
  const perMs = perMinute / 60_000;
  let tokens = burst;
  let atMs = nowMs();
  function fill(): void {
    const now = nowMs();
    tokens = Math.min(burst, tokens + Math.max(0, now - atMs) * perMs);
    atMs = now;
  }
  return {
    take() {
      fill();
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
    readyInMs() {
      fill();
      return tokens >= 1 ? 0 : Math.ceil((1 - tokens) / perMs);
    },
  };
}
