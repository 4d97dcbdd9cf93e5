import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import { Type } from 'typebox';
import { Problem } from '../problem.ts';

/** The server as routes see it: parameters typed by their TypeBox schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression<RawServerDefault>,
  RawReplyDefaultExpression<RawServerDefault>,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

export const StationParams = Type.Object({ id: Type.String({ description: 'Station id', maxLength: 64 }) });

/** Answers that any route may give besides its own. */
export const problems = {
  400: { description: 'A parameter is faulty', ...Problem },
  401: { description: 'Nobody is signed in, or the proof is wrong', ...Problem },
  404: { description: 'There is no such station', ...Problem },
  409: { description: 'Not possible now, or changed by someone else meanwhile', ...Problem },
  429: { description: 'Too often: `retry-after` says how long to wait', ...Problem },
};
