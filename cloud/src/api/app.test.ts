import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { plausibleApi } from '../api-testing.ts';
import type { Queries } from './queries.ts';
import { accessAs, atMs, plausibleQueries } from './testing.ts';

let webDir: string;
let stop: (() => Promise<unknown>) | undefined;

beforeAll(() => {
  webDir = mkdtempSync(join(tmpdir(), 'siaga-web-'));
  mkdirSync(join(webDir, 'assets'));
  writeFileSync(join(webDir, 'index.html'), '<!doctype html><title>Siaga</title>');
  writeFileSync(join(webDir, 'assets', 'index-D3adB33f.js'), 'export {}');
  writeFileSync(join(webDir, 'map.pmtiles'), Buffer.from('0123456789'));
});
afterAll(() => rmSync(webDir, { recursive: true }));
afterEach(async () => {
  await stop?.();
  stop = undefined;
});

async function api(
  over: Partial<Queries> = {},
  web = { dir: webDir, tilesPath: join(webDir, 'map.pmtiles') as string | null },
  access = accessAs(),
) {
  const { app, hub, changes, close } = await plausibleApi({ queries: plausibleQueries(over), web, access });
  stop = close;
  return { app, hub, changes };
}

describe('stations', () => {
  test('are GeoJSON with their age', async () => {
    const { app } = await api();
    const answer = await app.inject('/api/v1/stations');
    expect(answer.headers['content-type']).toContain('application/geo+json');
    expect(answer.json()).toMatchObject({
      type: 'FeatureCollection',
      features: [
        {
          type: 'Feature',
          geometry: { type: 'Point', coordinates: [106.83708, -6.6331] },
          properties: { id: 'katulampa', stageMm: 900, severity: 1, band: 'Siaga III', official: null, ageS: 30 },
        },
      ],
    });
  });

  test('one is found by id, an unknown one is a problem', async () => {
    const { app } = await api();
    expect((await app.inject('/api/v1/stations/katulampa')).json().info.name).toBe('Katulampa');
    const missing = await app.inject('/api/v1/stations/nowhere');
    expect(missing.statusCode).toBe(404);
    expect(missing.headers['content-type']).toContain('application/problem+json');
    expect(missing.json()).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: 'No station "nowhere" in the catalogue.',
      field: 'id',
    });
  });

  test('readings: the last 24 h by default, and what is asked for is handed on', async () => {
    const asked: unknown[] = [];
    const { app } = await api({
      readings: async (...all) => {
        asked.push(all);
        return undefined;
      },
      buckets: async (...all) => {
        asked.push(all);
        return undefined;
      },
    });
    await app.inject('/api/v1/stations/katulampa/readings');
    await app.inject(
      '/api/v1/stations/katulampa/readings?from=2014-01-01T00:00:00%2B07:00&to=2014-02-01T00:00:00Z&buckets=500&gauge=main',
    );
    const nowMs = atMs + 30_000;
    expect(asked).toEqual([
      ['katulampa', { fromMs: nowMs - 86_400_000, toMs: nowMs, limit: 10_000 }],
      [
        'katulampa',
        {
          fromMs: Date.parse('2013-12-31T17:00:00Z'),
          toMs: Date.parse('2014-02-01T00:00:00Z'),
          limit: 10_000,
          gauge: 'main',
          buckets: 500,
        },
      ],
    ]);
  });
});

test.each([
  ['/api/v1/stations/katulampa/readings?from=yesterday', 'from', /from .*date-time.*such as 2014/],
  ['/api/v1/stations/katulampa/readings?buckets=0', 'buckets', /buckets .*>= 1/],
  ['/api/v1/stations/katulampa/readings?bucket=5', 'bucket', /bucket .*not a known parameter/],
  ['/api/v1/stations/katulampa/readings?from=2015-01-01T00:00:00Z&to=2014-01-01T00:00:00Z', 'from', /before to/],
  ['/api/v1/quarantine?limit=many', 'limit', /limit .*integer/],
  ['/api/v1/stream?from=x', 'from', /from .*pattern/],
  ['/api/v1/quarantine?from=5', 'from', /from .*not a known parameter/],
  ['/api/v1/stations/katulampa/readings?from=2016-12-31T23:59:60Z', 'from', /^from .*leap second/],
  ['/api/v1/stations/katulampa/readings?to=2016-12-31T23:59:60Z', 'to', /^to .*leap second/],
  ['/api/v1/stations/katulampa/readings?after=5', 'after', /after .*pattern/],
])('%s names the parameter and the mend', async (url, field, detail) => {
  const { app } = await api();
  const answer = await app.inject(url);
  expect(answer.statusCode).toBe(400);
  expect(answer.json()).toMatchObject({ status: 400, field });
  expect(answer.json().detail).toMatch(detail);
});

test('what is nowhere, and what breaks, are problems that tell no secrets', async () => {
  const { app } = await api({
    fleet: async () => {
      throw new Error('SELECT secret FROM passwords');
    },
  });
  for (const url of [
    '/api/v1/nowhere',
    '/nowhere',
    '/assets/../../etc/passwd',
    '/%2e%2e/etc/passwd',
    '/api/v1/stations/%',
  ]) {
    const answer = await app.inject(url);
    expect([400, 403, 404]).toContain(answer.statusCode);
    expect(answer.headers['content-type']).toContain('application/problem+json');
  }
  const broken = await app.inject('/api/v1/fleet');
  expect(broken.statusCode).toBe(500);
  expect(broken.body).not.toContain('secret');
});

test('the snapshot is not sent twice to the public; staff’s says who asks and is never the same', async () => {
  expect((await (await api()).app.inject('/api/v1/snapshot')).headers.etag).toBeUndefined();
  await stop?.();
  const { app } = await api({}, undefined, accessAs(null));
  const first = await app.inject('/api/v1/snapshot');
  expect(first.json().stations).toHaveLength(1);
  const again = await app.inject({ url: '/api/v1/snapshot', headers: { 'if-none-match': String(first.headers.etag) } });
  expect([again.statusCode, again.body]).toEqual([304, '']);
});

test('a browser keeps no snapshot: it would take its server time for now', async () => {
  const { app } = await api();
  expect((await app.inject('/api/v1/snapshot')).headers['cache-control']).toBe('no-store');
});

test('HEAD of the stream is not answered without end', async () => {
  const { app, hub } = await api();
  expect((await app.inject({ method: 'HEAD', url: '/api/v1/stream' })).statusCode).toBe(404);
  expect(hub.clients()).toBe(0);
});

test('readiness tells what is amiss; liveness does not mind', async () => {
  const { app } = await api({ unready: async () => ['store: disk full'] });
  const ready = await app.inject('/readyz');
  expect([ready.statusCode, ready.json().amiss]).toEqual([503, ['store: disk full']]);
  expect((await app.inject('/healthz')).statusCode).toBe(200);
});

test('OpenAPI 3.1 describes every route of the API', async () => {
  const { app } = await api();
  const { openapi, paths } = (await app.inject('/api/v1/openapi.json')).json();
  expect(openapi).toBe('3.1.0');
  expect(Object.keys(paths)).toEqual(expect.arrayContaining(['/api/v1/stations/{id}', '/api/v1/stream']));
  type Operation = { responses: Record<string, unknown> };
  const operations = Object.values(paths as Record<string, Record<string, Operation>>).flatMap(Object.values);
  expect(operations.length).toBeGreaterThan(8);
  for (const operation of operations) {
    expect(operation).toMatchObject({
      summary: expect.any(String),
      operationId: expect.any(String),
      tags: [expect.any(String)],
    });
    expect(Object.keys(operation.responses).some((status) => /^[23]/.test(status))).toBe(true);
  }
});

test('a body is taken by its word: nothing is made of null, or of a number as text', async () => {
  const { app } = await api();
  const put = (payload: object) =>
    app.inject({ method: 'PUT', url: '/api/v1/stations/katulampa/official-status', payload });
  // The station that the stand-in does not know: the body was good.
  expect((await put({ severity: 0, label: 'Siaga IV' })).statusCode).toBe(404);
  expect((await put({ severity: null })).statusCode).toBe(404);
  for (const bad of [{ severity: '1', label: 'x' }, { severity: 0 }, { severity: null, label: 'x' }, { severity: '' }])
    expect((await put(bad)).statusCode, JSON.stringify(bad)).toBe(400);
});

describe('the console', () => {
  test('is served: the page always fresh, hashed assets for ever, with its security policy', async () => {
    const { app } = await api();
    const page = await app.inject('/');
    expect(page.body).toContain('<title>Siaga</title>');
    expect(page.headers['cache-control']).toBe('no-cache');
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("img-src 'self' data: blob: https://*.tile.example;");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe-eval');
    expect(page.headers['x-content-type-options']).toBe('nosniff');
    const asset = await app.inject('/assets/index-D3adB33f.js');
    expect(asset.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  });

  test('map tiles are served by byte range', async () => {
    const { app } = await api();
    const part = await app.inject({ url: '/tiles/basemap.pmtiles', headers: { range: 'bytes=2-4' } });
    expect([part.statusCode, part.body, part.headers['content-range']]).toEqual([206, '234', 'bytes 2-4/10']);
  });

  test('that is not built says so', async () => {
    const { app } = await api({}, { dir: join(webDir, 'nowhere'), tilesPath: null });
    const page = await app.inject('/');
    expect(page.statusCode).toBe(503);
    expect(page.body).toContain('npm run build');
    expect((await app.inject('/api/v1/stations')).statusCode).toBe(200);
  });
});

test('the stream runs over a real socket, resumes by Last-Event-ID and ends with the server', async () => {
  const { app, hub, changes } = await api();
  changes.add(2);
  const url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/api/v1/stream?from=e1:0`;
  const answer = await fetch(url, { headers: { 'last-event-id': 'e1:1' } });
  expect(answer.headers.get('content-type')).toContain('text/event-stream');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  let text = '';
  const reading = (async () => {
    for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>)
      text += Buffer.from(chunk).toString();
  })();
  const deadline = Date.now() + 5000;
  const until = async (part: string) => {
    while (!text.includes(part)) {
      if (Date.now() > deadline) throw new Error(`no ${part} in ${text}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  await until('event: hb');
  expect(text).toContain('id: e1:2\nevent: delta\n');
  expect(text).not.toContain('"seq":1,');
  hub.publish(changes.add(1), []);
  await until('id: e1:3\n');
  hub.close();
  await app.close();
  await reading;
  expect(hub.clients()).toBe(0);
});
