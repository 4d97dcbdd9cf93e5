/**
 * A small stand-in for the platform, to work on the console alone: made-up levels at Jakarta's gauges.
 *
 *   node web/dev/fake-server.ts [port [site]]      then `npm run dev -w web`, or open the port after a build
 *
 * POST /dev/hang holds every stream back (a half-open link), /dev/drop ends them, /dev/flood raises Depok, and
 * /dev/garble sends an event that cannot be read. POST /dev/resume undoes `hang`. Sign in as `operator` or `supervisor`
 * with any password, or POST /dev/operator, /dev/supervisor, /dev/public. /dev/storm raises alarms, /dev/top one of the
 * top priority, /dev/return lets the oldest return, /dev/drill starts a drill, /dev/slow makes commands take 3 s.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import type { BucketColumns, Change, Delta, Snapshot, StationPicture } from '@siaga/protocol';
import { fillDesk, makeFakeDesk } from './fake-alarms.ts';
import { makeFakeFleet } from './fake-fleet.ts';
import { bandAt, makeStations, reaches, stageAt } from './fake-situation.ts';

const port = Number(process.argv[2] ?? 8080);
const site = process.argv[3] ?? join(import.meta.dirname, '../dist');
const epoch = `dev${Date.now().toString(36)}`;
const streams = new Set<ServerResponse>();
let seq = 1;
let hanging = false;
let floodMm = 0;
const stations = makeStations(Date.now());
const fleet = makeFakeFleet(stations);
let slowMs = 0;
let loud = false;
const desk = makeFakeDesk(stations, (draft) => {
  const at = new Date().toISOString();
  const change = { seq: ++seq, knownAt: at, ...draft } as Change;
  const seen: Change = desk.session() === null ? { seq, knownAt: at, kind: 'withheld' } : change;
  if (loud) send('delta', { serverTime: at, changes: [seen], values: [] } satisfies Delta);
});
fillDesk(desk);
loud = true;
if (process.env.FAKE_ROLE) desk.signIn(process.env.FAKE_ROLE);

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
    basins: [...new Set([...stations.values()].map(({ info }) => info.basin))].map((id) => ({
      id,
      name: id.charAt(0).toUpperCase() + id.slice(1),
    })),
    staff: desk.staff(),
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

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

type Body = {
  version: number;
  until: string;
  oneShot: boolean;
  reason: string;
  alarms: { id: string; version: number }[];
};

/** The desk's routes, as far as the console uses them. */
async function answerDesk(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
  const body = (await bodyOf(request)) as Body & { login: string; severity: number | null; label: string };
  await new Promise((resolve) => setTimeout(resolve, slowMs));
  const json = (value: unknown) =>
    response.setHeader('content-type', 'application/json').end(value === undefined ? '' : JSON.stringify(value));
  const refuse = (status: number, detail: string) => {
    response.statusCode = status;
    json({ type: 'about:blank', title: 'refused', status, detail });
  };
  const [, place = '', part = '', , decision = ''] =
    /^\/api\/v1\/stations\/([a-z0-9-]+)\/(device|commands|calibrations)(\/[a-z0-9]+\/(accept|refuse))?$/.exec(path) ??
    [];
  const there = stations.get(place);
  if (there !== undefined) {
    const by = desk.session()?.account.id ?? '';
    if (part === 'device') return void json(fleet.device(there));
    return void json(part === 'commands' ? fleet.ask(place, by, body) : fleet.decide(place, by, decision, body.reason));
  }
  const [, room = '', id = '', act = ''] = /^\/api\/v1\/([a-z-]+)(?:\/([a-z0-9-]+))?(?:\/([a-z-]+))?$/.exec(path) ?? [];
  if (room === 'session') {
    if (request.method === 'DELETE') return void json(desk.signOut());
    return request.method === 'POST' ? void json(desk.signIn(body.login)) : refuse(404, 'Nobody is signed in.');
  }
  if (room === 'fleet') return void json(fleet.list());
  if (room === 'alarms' && id !== '' && request.method === 'GET') {
    const detail = desk.detail(id);
    return detail ? void json(detail) : refuse(404, 'No such alarm.');
  }
  if (room === 'stations') {
    const picture = stations.get(id);
    const by = desk.session()?.account.id ?? '';
    const at = new Date().toISOString();
    if (picture === undefined) return refuse(404, 'No such station.');
    const { severity, label } = body;
    const official = severity === null || severity === undefined ? null : { severity, label, declaredAt: at, by };
    const works = { ...(body as unknown as NonNullable<StationPicture['works']>), enteredAt: at, by };
    const change =
      act === 'works' ? { kind: 'works' as const, id, works } : { kind: 'official' as const, id, official };
    stations.set(id, { ...picture, ...(change.kind === 'works' ? { works } : { official }) });
    send('delta', { serverTime: at, changes: [{ seq: ++seq, knownAt: at, ...change }], values: [] });
    return void json(change);
  }
  if (room === 'alarms' && id === 'acknowledge') {
    const answers = body.alarms.map((seen) => desk.acknowledge(seen.id, seen.version));
    const refused = answers.find((answer) => 'status' in answer);
    if (refused && 'status' in refused) return refuse(refused.status, refused.detail);
    return void json({ alarms: answers.flatMap((answer) => ('body' in answer ? [answer.body] : [])) });
  }
  const answer =
    room === 'alarm-groups'
      ? desk.acknowledgeGroup(id, body.version)
      : act === 'shelve'
        ? desk.shelve(id, body)
        : act === 'unshelve'
          ? desk.unshelve(id, body.version)
          : act === 'reset'
            ? desk.reset(id, body.version)
            : desk.acknowledge(id, body.version);
  return 'status' in answer ? refuse(answer.status, answer.detail) : void json(answer.body);
}

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
  if (url.pathname.startsWith('/api/v1/')) return void answerDesk(request, response, url.pathname);
  if (request.method === 'POST' && url.pathname.startsWith('/dev/')) {
    const act = url.pathname.slice(5);
    if (act === 'hang') hanging = true;
    if (act === 'resume') hanging = false;
    if (act === 'flood') floodMm += 1200;
    if (act === 'drop') for (const stream of streams) stream.end();
    if (act === 'operator' || act === 'supervisor') desk.signIn(act);
    if (act === 'public') desk.signOut();
    if (act === 'slow') slowMs = slowMs === 0 ? 3000 : 0;
    if (act === 'storm') {
      for (const { info } of stations.values())
        desk.raise(`rate/${info.id}`, { headline: `${info.name} rises 21 cm in 10 min` });
    }
    if (act === 'top') {
      desk.raise('level/manggarai', {
        priority: 'high',
        severity: 3,
        headline: 'Manggarai: 951 cm, in the band of Siaga I',
      });
    }
    if (act === 'return') {
      const oldest = desk.all().find(({ condition }) => condition === 'active');
      if (oldest) {
        const returnedAt = new Date().toISOString();
        const closedAt = oldest.acknowledged ? returnedAt : null;
        desk.put({ ...oldest, condition: 'returned', returnedAt, closedAt, version: oldest.version + 1 });
      }
    }
    if (act === 'drill') {
      const { id } = desk.startDrill();
      desk.raise('level/depok', {
        drill: id,
        priority: 'high',
        severity: 3,
        headline: 'Depok: 352 cm, in the band of Siaga I',
      });
    }
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
