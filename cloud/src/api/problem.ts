/** Errors as RFC 9457 problem details. */
import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify';
import { type Static, Type } from 'typebox';
import { isPlatformError } from '../errors.ts';

export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Always about:blank: the title says what kind it is' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: 'What is wrong and how to mend it' }),
    field: Type.Optional(Type.String({ description: 'The parameter at fault' })),
  },
  { $id: 'Problem' },
);
export type Problem = Static<typeof Problem>;

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

export function sendProblem(reply: FastifyReply, status: number, detail: string, field?: string): FastifyReply {
  const problem: Problem = {
    type: 'about:blank',
    title: titles[status] ?? 'Error',
    status,
    detail,
    ...(field === undefined ? {} : { field }),
  };
  return reply.code(status).type('application/problem+json').send(problem);
}

/** Makes every error of `app` a problem: unknown paths, faulty parameters, what handlers throw. */
export function useProblems(app: FastifyInstance): void {
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, 404, `Nothing is at ${request.method} ${request.url.slice(0, 200)}.`),
  );
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const [fault] = error.validation ?? [];
    if (fault !== undefined) {
      const missing = fault.params.missingProperty;
      const unknown = fault.params.additionalProperty;
      const field = String(missing ?? unknown ?? fault.instancePath.slice(1)).replaceAll('/', '.');
      const where = error.validationContext ?? 'request';
      return sendProblem(reply, 400, `${field} (${where}): ${mendOf(fault.keyword, fault.message)}.`, field);
    }
    if (isPlatformError(error) && error.code === 'state-conflict')
      return sendProblem(reply, 409, 'It was changed by someone else meanwhile: look again.', 'version');
    const status = error.statusCode ?? 500;
    if (status < 500) return sendProblem(reply, status, error.message);
    // Without what was asked for: codes and addresses of push services stand there.
    request.log.error({ err: error, url: request.url.split('?', 1)[0] }, 'request failed');
    return sendProblem(reply, status, 'The server failed to answer; its log says why.');
  });
}

function mendOf(keyword: string, message = 'is not valid'): string {
  if (keyword === 'format') return `${message}, such as 2014-01-29T17:00:00Z, and no leap second`;
  if (keyword === 'additionalProperties') return 'is not a known parameter here';
  return message;
}
