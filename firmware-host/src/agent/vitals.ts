/** Signs of life for the service manager's watchdog, on the monotonic clock. */
import type { Vitals } from '../service/watchdog.ts';

/** Asked now and then, it tells when frames last came: some had come since it was asked before. */
export function createVitals(
  sources: {
    frames(): number;
    lastStoreMonoMs(): number | null;
    storeRefusedMonoMs(): number | null;
    sampleMs(): number;
  },
  monoMs: () => number,
): () => Vitals {
  let frames = 0;
  let lastFrameAtMs: number | null = null;
  return () => {
    const now = sources.frames();
    if (now > frames) lastFrameAtMs = monoMs();
    frames = now;
    return {
      lastFrameAtMs,
      lastStoreAtMs: sources.lastStoreMonoMs(),
      storeRefusedAtMs: sources.storeRefusedMonoMs(),
      sampleMs: sources.sampleMs(),
    };
  };
}
