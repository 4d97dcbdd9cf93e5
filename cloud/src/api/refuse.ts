import type { FastifyReply } from 'fastify';
import type { Refusal } from '../people/refusal.ts';
import { tooOften } from './access.ts';
import { sendProblem } from './problem.ts';

const statuses = { invalid: 400, 'not-signed-in': 401, forbidden: 403, 'not-found': 404, conflict: 409 } as const;

/** A refusal of the people's room as a problem. */
export function refuse(reply: FastifyReply, { refused, detail, field, retryAfterS = 5 }: Refusal): FastifyReply {
  return refused === 'too-often'
    ? tooOften(reply, retryAfterS, detail)
    : sendProblem(reply, statuses[refused], detail, field);
}
