import fastifyRateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { networkOf } from './network-of.ts';

/** How many requests that are more than reading are taken in a minute of real time. */
export type Limits = {
  /** From one address; a control room may share one. */
  readonly address: number;
  readonly session: number;
  /** From one address, where something could be guessed. */
  readonly guarded: number;
};

export const defaultLimits: Limits = { address: 600, session: 240, guarded: 30 };

const minuteMs = 60_000;
/** Addresses and sessions that are counted at once; the oldest give way. */
const mostKept = 20_000;

/** Counts a request; answers how many seconds it must wait, 0 to go on. */
export async function rateLimits(
  app: FastifyInstance,
  { address, session, guarded }: Limits,
): Promise<(request: FastifyRequest, isGuarded: boolean) => Promise<number>> {
  await app.register(fastifyRateLimit, { global: false, cache: mostKept });
  const limiter = (max: number, keyGenerator: (request: FastifyRequest) => string) =>
    app.createRateLimit({ max, timeWindow: minuteMs, keyGenerator });
  const byAddress = limiter(address, ({ ip }) => networkOf(ip));
  const bySession = limiter(session, ({ caller }) => caller?.session ?? '');
  const whereGuessed = limiter(guarded, ({ ip }) => networkOf(ip));

  return async (request, isGuarded) => {
    const asked = [byAddress(request)];
    if (request.caller !== null) asked.push(bySession(request));
    if (isGuarded) asked.push(whereGuessed(request));
    let wait = 0;
    for (const answer of await Promise.all(asked))
      if (!answer.isAllowed && answer.isExceeded) wait = Math.max(wait, answer.ttlInSeconds, 1);
    return wait;
  };
}
