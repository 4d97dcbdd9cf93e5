import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { App } from './types.ts';

const missing = `<!doctype html><meta charset="utf-8"><title>Siaga</title>
<p>The console is not built: run <code>npm run build</code>, or set <code>SIAGA_WEB</code> to the folder that holds it.</p>
<p>The interface is at <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.</p>`;

/** The built console, and a basemap file if one is set. Byte ranges are served, which PMTiles needs. */
export async function webRoutes(app: App, web: { dir: string; tilesPath: string | null }): Promise<void> {
  await app.register(fastifyStatic, {
    root: existsSync(web.dir) ? web.dir : dirname(web.tilesPath ?? import.meta.dirname),
    serve: existsSync(join(web.dir, 'index.html')),
    cacheControl: false,
    setHeaders: (reply, path) => {
      reply.header('cache-control', cacheControlOf(path));
    },
  });
  if (web.tilesPath !== null) {
    const [folder, file] = [dirname(web.tilesPath), basename(web.tilesPath)];
    app.get('/tiles/basemap.pmtiles', { config: { access: 'public' }, schema: { hide: true } }, (_request, reply) =>
      reply.sendFile(file, folder),
    );
  }
  if (!existsSync(join(web.dir, 'index.html')))
    app.get('/', { config: { access: 'public' }, schema: { hide: true } }, (_request, reply) =>
      reply.type('text/html').code(503).send(missing),
    );
}

/** Built assets carry a hash of their content in their name and never change; everything else is asked for anew. */
function cacheControlOf(path: string): string {
  return /\/assets\/[^/]+-[\w-]{8,}\.\w+$/.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache';
}
