import { isPlatformError } from '../errors.ts';

/** First and longest pause between tries, in real ms. */
export type Backoff = { readonly firstMs: number; readonly maxMs: number };

/**
 * Runs `work` until it succeeds, pausing ever longer while it fails with an error that says that trying again
 * may help. Any other error, or the last one after `signal` was aborted, is passed on.
 */
export async function retrying<T>(
  work: () => Promise<T>,
  options: { readonly backoff: Backoff; readonly signal: AbortSignal; readonly onRetry: (error: Error) => void },
): Promise<T> {
  const { backoff, signal, onRetry } = options;
  for (let pauseMs = backoff.firstMs; ; pauseMs = Math.min(2 * pauseMs, backoff.maxMs)) {
    try {
      return await work();
    } catch (error) {
      if (!isPlatformError(error) || !error.retry || signal.aborted) throw error;
      onRetry(error);
      await pause(pauseMs, signal);
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
