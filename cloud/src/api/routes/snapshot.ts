import { Snapshot } from '@siaga/protocol';
import { Type } from 'typebox';
import { audienceOf } from '../audience.ts';
import type { Queries } from '../queries.ts';
import type { App } from './types.ts';

/** `GET /snapshot`: the state of everything at one change; the stream goes on from there. */
export function snapshotRoute(app: App, queries: Pick<Queries, 'snapshot' | 'snapshotVersion'>): void {
  app.get(
    '/snapshot',
    {
      config: { access: 'public' },
      schema: {
        operationId: 'getSnapshot',
        summary: 'The state of everything, and the place in the stream from which to go on',
        tags: ['live'],
        response: {
          200: { description: 'The snapshot', ...Snapshot },
          304: { description: 'Unchanged since the given ETag', ...Type.Null() },
        },
      },
    },
    async (request, reply) => {
      // Weak: serverTime differs where nothing else does. A browser must not serve an old one from its cache.
      const etag = `W/"${queries.snapshotVersion()}-${audienceOf(request.caller).key}"`;
      reply.header('etag', etag).header('cache-control', 'no-store');
      if (request.headers['if-none-match'] === etag) return reply.code(304).send(null);
      return queries.snapshot(request.caller);
    },
  );
}
