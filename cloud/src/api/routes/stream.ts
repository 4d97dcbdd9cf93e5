import { placeFromText } from '@siaga/protocol';
import { Type } from 'typebox';
import { audienceOf } from '../audience.ts';
import { sendProblem } from '../problem.ts';
import type { StreamHub } from '../stream-hub.ts';
import { type App, problems } from './types.ts';

const Query = Type.Object({
  from: Type.Optional(
    Type.String({ pattern: '^[a-z0-9]{1,64}:\\d{1,15}$', description: 'epoch:seq of the snapshot to go on from' }),
  ),
});

const maxClients = 2000;
/** The rest is for who is signed in: the public cannot keep operators out. */
const maxPublic = 1800;

/** `GET /stream`: server-sent events `delta`, `hb` and `reset`; resumes by `Last-Event-ID`. */
export function streamRoute(app: App, { hub }: { readonly hub: StreamHub }): void {
  app.get(
    '/stream',
    {
      // An answer to HEAD would be one without end or content.
      exposeHeadRoute: false,
      config: { access: 'public' },
      schema: {
        operationId: 'getStream',
        summary: 'What changes, as server-sent events: `delta` (id epoch:seq), `hb` every 5 s, `reset`',
        tags: ['live'],
        querystring: Query,
        headers: Type.Object({ 'last-event-id': Type.Optional(Type.String()) }),
        response: {
          200: {
            description: 'Events without end',
            ...Type.String(),
          },
          400: problems[400],
        },
      },
    },
    async (request, reply) => {
      const most = request.caller === null ? maxPublic : maxClients;
      if (hub.clients() >= most) {
        reply.header('retry-after', '5');
        return sendProblem(reply, 503, `More than ${most} clients follow the stream; try again later.`);
      }
      // After a reconnect the browser sends both: its last event is the newer one.
      const text = request.headers['last-event-id'] ?? request.query.from;
      const place = text === undefined ? undefined : (placeFromText(String(text)) ?? { epoch: '', seq: 0 });
      reply.hijack();
      const response = reply.raw;
      response.writeHead(200, {
        ...(reply.getHeaders() as Record<string, string>),
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
      });
      const detach = hub.attach(response, place, audienceOf(request.caller));
      response.on('close', detach);
      response.on('error', detach);
      return reply;
    },
  );
}
