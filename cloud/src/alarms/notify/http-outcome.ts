/** What an HTTP answer means for a message, where the other side's protocol says no more than the status. */
import type { HttpAnswer } from './exchange.ts';
import type { SendOutcome } from './notifier.ts';

const tooEarlyOrMuch = [408, 425, 429];

export function httpOutcome(answer: HttpAnswer, gone: readonly number[], reference: string | null = null): SendOutcome {
  if (answer.kind === 'failed')
    return { state: 'retry', fault: answer.fault, afterS: null, maybeSent: answer.maybeSent };
  const { status, retryAfterS } = answer;
  if (status >= 200 && status < 300) return { state: 'sent', reference };
  const fault = `answered ${status}`;
  if (tooEarlyOrMuch.includes(status)) return { state: 'retry', fault, afterS: retryAfterS, maybeSent: false };
  // 503 says that it was not taken; after any other failure inside, nobody can say.
  if (status >= 500) return { state: 'retry', fault, afterS: retryAfterS, maybeSent: status !== 503 };
  if (status >= 300 && status < 400)
    return { state: 'refused', fault: `${fault}: redirects are not followed`, gone: false };
  return { state: 'refused', fault, gone: gone.includes(status) };
}
