import { Snapshot } from '@siaga/protocol';
import { Type } from 'typebox';
import { audienceOf, publicAudience } from '../audience.ts';
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
      // A browser must not serve an old one from its cache.
      reply.header('cache-control', 'no-store');
      // What staff sees says who asks and until when: it is never the same.
      if (audienceOf(request.caller).key !== publicAudience.key) return queries.snapshot(request.caller);
      // Weak: serverTime differs where nothing else does.
      const etag = `W/"${queries.snapshotVersion()}"`;
      reply.header('etag', etag);
      if (request.headers['if-none-match'] === etag) return reply.code(304).send(null);
      return queries.snapshot(null);
    },
  );
}
