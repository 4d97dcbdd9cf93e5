import type { Logger } from 'pino';
import { messageOf } from '../errors.ts';

/** Ends what there is, in order. What fails, or takes longer than `mostMs`, is logged, and the next goes on. */
export async function endInOrder(
  steps: Readonly<Record<string, () => unknown>>,
  { log, mostMs }: { readonly log: Logger; readonly mostMs: number },
): Promise<void> {
  for (const [what, end] of Object.entries(steps)) {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`not done after ${mostMs / 1_000} s`)), mostMs);
    await Promise.race([Promise.resolve().then(end), late.promise]).catch((error) =>
      log.warn({ what, err: messageOf(error) }, 'not ended in order'),
    );
    clearTimeout(timer);
  }
}
