import type { App } from './types.ts';

/** `GET /openapi.json`: this API, described. */
export function openapiRoute(app: App): void {
  app.get('/openapi.json', { config: { access: 'public' }, schema: { hide: true } }, async (_request, reply) => {
    reply.header('cache-control', 'no-cache');
    return app.swagger();
  });
}
