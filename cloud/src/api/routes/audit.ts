import { Type } from 'typebox';
import type { AuditLog } from '../../ports.ts';
import { type App, problems } from './types.ts';

const Query = Type.Object(
  {
    before: Type.Optional(Type.Integer({ minimum: 1, description: 'Lines with a lower number only' })),
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
    actor: Type.Optional(Type.String({ maxLength: 64 })),
    subject: Type.Optional(Type.String({ maxLength: 200 })),
  },
  { additionalProperties: false },
);
const Line = Type.Object({
  no: Type.Integer({ minimum: 1 }),
  at: Type.String({ format: 'date-time' }),
  actor: Type.String({ description: 'Account or token id, `machine`, or `shell` for the command line' }),
  act: Type.String(),
  subject: Type.String(),
  hash: Type.String(),
  details: Type.Union(
    [Type.Null(), Type.Object({ reason: Type.Unknown(), before: Type.Unknown(), after: Type.Unknown() })],
    {
      description: 'Null once erased',
    },
  ),
});
const Head = Type.Object({ no: Type.Integer({ minimum: 0 }), hash: Type.String() });

/** `GET /audit`: who did what, when and why. The head, noted elsewhere, proves later that nothing was cut off. */
export function auditRoute(app: App, { audit }: { readonly audit: Pick<AuditLog, 'list' | 'head'> }): void {
  app.get(
    '/audit',
    {
      config: { access: 'audit:read' },
      schema: {
        operationId: 'getAudit',
        summary: 'The record of every act, newest first',
        tags: ['people'],
        querystring: Query,
        response: {
          200: { description: 'Lines and the chain’s head', ...Type.Object({ lines: Type.Array(Line), head: Head }) },
          400: problems[400],
        },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      const lines = (await audit.list(request.query)).map(({ no, atMs, actor, act, subject, hash, details }) => ({
        no,
        at: new Date(atMs).toISOString(),
        actor,
        act,
        subject,
        hash,
        details: details === null ? null : told(details),
      }));
      return { lines, head: await audit.head() };
    },
  );
}

/** Without the salt, which only guards the digest. */
function told(details: string): { reason: unknown; before: unknown; after: unknown } {
  const { reason, before, after } = JSON.parse(details) as Record<string, unknown>;
  return { reason, before, after };
}
