import { setTimeout as pause } from 'node:timers/promises';

/**
 * Asks until the answer is truthy; rejects with `what` and the last answer when `withinMs` have passed.
 * Tests wait for facts, never for a length of time.
 */
export async function eventually<T>(
  what: string,
  ask: () => T | Promise<T>,
  { withinMs = 30_000, everyMs = 50 }: { withinMs?: number; everyMs?: number } = {},
): Promise<NonNullable<T>> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (performance.now() > deadlineMs)
      throw new Error(`Not within ${withinMs} ms: ${what} (last: ${JSON.stringify(answer)})`);
    await pause(everyMs);
  }
}
