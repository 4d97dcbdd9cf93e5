/**
 * A small stand-in for the platform, to work on the console alone: made-up levels at Jakarta's gauges.
 *
 *   node web/dev/fake-server.ts [port]      then `npm run dev -w web`, or open the port after a build
 *
 * POST /dev/hang holds every stream back (a half-open link), /dev/drop ends them, /dev/flood raises Depok, and
 * /dev/garble sends an event that cannot be read. POST /dev/resume undoes `hang`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import type { BucketColumns, Change, Delta, Snapshot, StationPicture } from '@siaga/protocol';
import { bandAt, makeStations, reaches, stageAt } from './fake-situation.ts';

const port = Number(process.argv[2] ?? 8080);
const site = join(import.meta.dirname, '../dist');
const epoch = `dev${Date.now().toString(36)}`;
const streams = new Set<ServerResponse>();
let seq = 1;
let hanging = false;
let floodMm = 0;
const stations = makeStations(Date.now());

function snapshot(): Snapshot {
  return {
    epoch,
    seq,
    serverTime: new Date().toISOString(),
    speed: 1,
    watermark: watermark(),
    build: 'dev',
    deployment: {
      name: 'Siaga Jakarta (demonstration)',
      timeZone: 'Asia/Jakarta',
      bounds: [-6.75, 106.55, -5.95, 107.05],
      tiles: null,
    },
    stations: [...stations.values()],
    reaches,
    basins: [],
    staff: null,
  };
}

function watermark(): string | null {
  const times = [...stations.values()].flatMap(({ value }) => (value === null ? [] : [value.receivedAt]));
  return times.sort().at(-1) ?? null;
}

function send(event: string, data: unknown) {
  if (hanging) return;
  for (const stream of streams) stream.write(`event: ${event}\nid: ${epoch}:${seq}\ndata: ${JSON.stringify(data)}\n\n`);
}

/** One new value for a live station, with a numbered change when its band changes. */
function measure(picture: StationPicture) {
  const { info, level, value } = picture;
  if (value === null || level.presence !== 'live' || level.note === 'no-echo') return;
  const nowMs = Date.now();
  const stageMm = stageAt(info.id, nowMs) + (info.id === 'depok' ? floodMm : 0);
  const at = new Date(nowMs).toISOString();
  const next = { ...value, observedAt: at, receivedAt: at, stageMm };
  const band = bandAt(info.bands, stageMm);
  const changes: Change[] = [];
  let nextLevel = level;
  if (band && band.severity !== level.severity) {
    nextLevel = { ...level, severity: band.severity, bandLabel: band.label, since: at };
    changes.push({ seq: ++seq, knownAt: at, kind: 'station', id: info.id, level: nextLevel });
  }
  stations.set(info.id, { ...picture, level: nextLevel, value: next });
  const delta: Delta = { serverTime: at, changes, values: [{ id: info.id, value: next }] };
  send('delta', delta);
}

function buckets(id: string, search: URLSearchParams): BucketColumns {
  const fromMs = Date.parse(search.get('from') ?? '');
  const toMs = Date.parse(search.get('to') ?? '');
  const count = Number(search.get('buckets'));
  const bucketMs = Math.ceil((toMs - fromMs) / count);
  const lastMs = Date.parse(stations.get(id)?.value?.observedAt ?? new Date(0).toISOString());
  const gap = { fromMs: Math.round(fromMs + (toMs - fromMs) * 0.3), toMs: Math.round(fromMs + (toMs - fromMs) * 0.38) };
  const starts = Array.from({ length: count }, (_, index) => fromMs + index * bucketMs).filter(
    (ms) => ms <= lastMs && (ms < gap.fromMs || ms > gap.toMs),
  );
  const means = starts.map((ms) => stageAt(id, ms));
  return {
    station: id,
    bucketMs,
    fromMs: starts,
    count: starts.map(() => 3),
    minMm: means.map((mm, index) => mm - 6 - (index % 7)),
    meanMm: means,
    maxMm: means.map((mm, index) => mm + 6 + (index % 5)),
    gaps: [gap],
  };
}

const types: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};
const policy =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; object-src 'none'; base-uri 'none'";

createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const json = (body: unknown) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  const readings = /^\/api\/v1\/stations\/([a-z0-9-]+)\/readings$/.exec(url.pathname);
  if (url.pathname === '/api/v1/snapshot') return json(snapshot());
  if (readings) return json(buckets(readings[1] ?? '', url.searchParams));
  if (url.pathname === '/api/v1/stream') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(':\n\n');
    streams.add(response);
    request.on('close', () => streams.delete(response));
    if (!url.searchParams.get('from')?.startsWith(epoch)) response.write('event: reset\ndata: {"reason":"epoch"}\n\n');
    return;
  }
  if (request.method === 'POST' && url.pathname.startsWith('/dev/')) {
    const act = url.pathname.slice(5);
    if (act === 'hang') hanging = true;
    if (act === 'resume') hanging = false;
    if (act === 'flood') floodMm += 1200;
    if (act === 'drop') for (const stream of streams) stream.end();
    if (act === 'garble') send('delta', { nonsense: true });
    const depok = stations.get('depok');
    if (act === 'flood' && depok) measure(depok);
    return json({ act });
  }
  const file = join(site, url.pathname === '/' ? 'index.html' : url.pathname);
  if (!file.startsWith(site) || !existsSync(file)) return response.writeHead(404).end();
  response.setHeader('content-type', types[extname(file)] ?? 'application/octet-stream');
  response.setHeader('content-security-policy', policy);
  response.end(readFileSync(file));
}).listen(port, '127.0.0.1', () => process.stdout.write(`fake platform on http://127.0.0.1:${port}\n`));

setInterval(() => {
  const { serverTime, speed, build } = snapshot();
  send('hb', { epoch, seq, serverTime, speed, watermark: watermark(), build });
}, 5000);
let turn = 0;
setInterval(() => {
  const all = [...stations.values()];
  const picture = all[turn++ % all.length];
  if (picture) measure(picture);
}, 700);
