/** What the alarm routes share: who acts, and what a refusal of the desk is in HTTP. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Acting, Refused } from '../../alarms/desk.ts';
import { Problem, sendProblem } from '../problem.ts';
import { problems } from './types.ts';

export const strict = { additionalProperties: false } as const;

const statuses: Readonly<Record<Refused['code'], number>> = {
  'not-found': 404,
  'stale-version': 409,
  'not-now': 409,
  'not-permitted': 403,
  invalid: 400,
};

export function refuse(reply: FastifyReply, { code, reason }: Refused): FastifyReply {
  return sendProblem(reply, statuses[code], reason);
}

/** The account and its rights come from the session, never from the request's body. */
export function actingOf({ caller }: FastifyRequest): Acting {
  if (caller === null) throw new Error('a route of the desk is open to the public');
  const { account, permissions, drill } = caller;
  return { actor: account.id, mayShelveTop: permissions.has('alarms:shelve-top'), drill };
}

/** Problems that a command can meet. */
export const refusals = {
  400: problems[400],
  403: { description: 'The role, or the desk’s rules, do not allow it', ...Problem },
  404: { description: 'There is no such thing, or it is of a drill that the caller takes no part in', ...Problem },
  409: problems[409],
};

export const IdParams = Type.Object({ id: Type.String({ maxLength: 64 }) });
export const Version = Type.Integer({ minimum: 1, description: 'The version that the person saw' });
export const Reason = Type.String({ minLength: 1, maxLength: 500 });
export const Time = Type.String({ format: 'date-time' });

export function msOf(time: string): number {
  return Date.parse(time);
}
