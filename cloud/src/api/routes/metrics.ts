import type { Registry } from 'prom-client';
import type { App } from './types.ts';

/** `GET /metrics`: for Prometheus. Outside `/api/v1`. */
export function metricsRoute(app: App, { registry }: { readonly registry: Registry }): void {
  app.get('/metrics', { config: { access: 'public' }, schema: { hide: true } }, async (_request, reply) => {
    reply.type(registry.contentType).header('cache-control', 'no-store');
    return registry.metrics();
  });
}
