import { Type } from 'typebox';
import { DroppedEntries, QuarantineEntry, type Queries } from '../queries.ts';
import { type App, problems } from './types.ts';

const Query = Type.Object(
  { limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'At most so many, newest first' }) },
  { additionalProperties: false },
);

const Answer = Type.Object({
  entries: Type.Array(QuarantineEntry, { description: 'Newest first' }),
  dropped: Type.Array(DroppedEntries, { description: 'What is no more kept' }),
});

/** `GET /quarantine`: what was refused and kept, with the reason. */
export function quarantineRoute(app: App, { quarantine }: Pick<Queries, 'quarantine'>): void {
  app.get(
    '/quarantine',
    {
      config: { access: 'fleet:read' },
      schema: {
        operationId: 'getQuarantine',
        summary: 'Messages that could not be taken, with their reasons',
        tags: ['fleet'],
        querystring: Query,
        response: {
          200: { description: 'What is kept, and what was', ...Answer },
          400: problems[400],
        },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-cache');
      return quarantine(request.query.limit);
    },
  );
}
