import type { Queries } from '../queries.ts';
import type { App } from './types.ts';

/** `GET /healthz`: the process answers. `GET /readyz`: it can take and keep readings. Outside `/api/v1`. */
export function healthRoutes(app: App, { unready }: Pick<Queries, 'unready'>): void {
  app.get('/healthz', { config: { access: 'public' }, schema: { hide: true } }, async (_request, reply) => {
    reply.header('cache-control', 'no-store');
    return { status: 'ok' };
  });
  app.get('/readyz', { config: { access: 'public' }, schema: { hide: true } }, async (_request, reply) => {
    const amiss = await unready();
    reply.header('cache-control', 'no-store').code(amiss.length === 0 ? 200 : 503);
    return { status: amiss.length === 0 ? 'ready' : 'not ready', amiss };
  });
}
