/**
 * `siaga watch`: a second pair of eyes on another machine. It hears the platform's heartbeats, or asks it, or both, and
 * tells people by the same channels when nothing good came for too long, when it is back, and when the record shrank.
 */

import { timingSafeEqual } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { decodeJson, parserOf } from '@siaga/protocol';
import { Type } from 'typebox';
import { backOffMs as usualBackOffMs } from '../alarms/dispatch/pace.ts';
import type { Notice, Notifier } from '../alarms/notify/notifier.ts';
import type { Logger } from '../log.ts';
import { type Beat, parseBeat } from './beat.ts';
import type { WatchConfig } from './watch-config.ts';
import {
  acceptedRecord,
  heardAnswer,
  heardBeat,
  passed,
  type Step,
  type Told,
  type Watched,
  watchedSince,
} from './watcher.ts';

export type Watch = { readonly port: number | null; close(): Promise<void> };

export type WatchOptions = {
  readonly config: WatchConfig;
  readonly notifiers: ReadonlyMap<string, Notifier>;
  readonly log: Logger;
  /** The record is taken as the next beat says it is. */
  readonly acceptRecord?: boolean;
  readonly tickMs?: number;
  readonly backOffMs?: (attempts: number) => number;
};

const maxBodyBytes = 64 * 1024;
const pollTimeoutMs = 20_000;
const closingMs = 3_000;

const parseKept = parserOf(
  Type.Object({ audit: Type.Union([Type.Object({ no: Type.Integer(), hash: Type.String() }), Type.Null()]) }),
);

export async function startWatch(options: WatchOptions): Promise<Watch> {
  const { config, notifiers, log, tickMs = 1000, backOffMs = usualBackOffMs } = options;
  const ended = new AbortController();
  const telling = new Set<Promise<void>>();
  /** The newest word to each address about each matter: an older one that still waits is not sent any more. */
  const newest = new Map<string, Notice>();
  let deployment = 'Siaga';
  let watched = watchedSince(Date.now(), kept(config.stateFile));
  if (options.acceptRecord) watched = acceptedRecord(watched);

  function take({ watched: next, tell }: Step): void {
    const before: Watched = watched;
    watched = next;
    if (next.audit !== before.audit)
      try {
        keep(config.stateFile, next.audit);
      } catch (error) {
        log.error({ err: error }, 'what is known of the audit cannot be kept');
      }
    for (const told of tell) {
      log.warn(told, 'watch');
      for (const { channel, address } of config.tell) {
        const matter = `${told.kind === 'record' ? 'record' : 'silence'} ${channel} ${address}`;
        const notice = noticeOf(told, deployment, channel);
        newest.set(matter, notice);
        const work = tellUntilTaken(channel, address, notice, () => newest.get(matter) === notice).finally(() =>
          telling.delete(work),
        );
        telling.add(work);
      }
    }
  }

  /** Until it is taken, refused, or there is something newer to say. */
  async function tellUntilTaken(
    channel: string,
    address: string,
    notice: Notice,
    isNewest: () => boolean,
  ): Promise<void> {
    const notifier = notifiers.get(channel);
    for (let attempts = 1; notifier !== undefined && !ended.signal.aborted && isNewest(); attempts += 1) {
      const outcome = await notifier.send(notice, address);
      if (outcome.state === 'sent') return;
      log.error({ channel, fault: outcome.fault }, 'a person could not be told');
      if (outcome.state === 'refused') return;
      await pause(Math.max(backOffMs(attempts), (outcome.afterS ?? 0) * 1000), ended.signal);
    }
  }

  async function hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.method === 'GET' && request.url === '/healthz') return void answer(200, { ok: true });
    if (request.method !== 'POST') return void answer(404, { detail: 'POST a heartbeat here.' });
    if (!isSecret(request.headers.authorization, config.secret)) {
      log.warn('a heartbeat with a wrong secret');
      return void answer(401, { detail: 'The bearer token is not SIAGA_WATCH_SECRET.' });
    }
    const body = await bodyOf(request);
    const read = body === undefined ? undefined : decodeJson(body, parseBeat);
    if (read === undefined || !read.ok) {
      log.warn({ reason: read?.reason ?? 'too large' }, 'a heartbeat that cannot be read');
      return void answer(400, { detail: read?.reason ?? 'too large' });
    }
    beatCame(read.value);
    answer(200, { knows: { no: watched.audit?.no ?? 0 } });
  }

  function beatCame(beat: Beat): void {
    ({ deployment } = beat);
    take(heardBeat(watched, beat, Date.now()));
  }

  async function poll(url: URL): Promise<void> {
    let fault: string | null;
    try {
      const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(pollTimeoutMs)]);
      const answer = await fetch(url, { signal, redirect: 'error' });
      await answer.body?.cancel();
      fault = answer.ok ? null : `asked, it answered ${answer.status}`;
    } catch {
      fault = 'asked, it does not answer';
    }
    if (!ended.signal.aborted) take(heardAnswer(watched, fault, Date.now()));
  }

  const listener = (request: IncomingMessage, response: ServerResponse) =>
    void hear(request, response).catch((error) => {
      log.error({ err: error }, 'a heartbeat could not be taken');
      response.destroy();
    });
  const server = config.tls === null ? createServer(listener) : createTlsServer(config.tls, listener);
  server.requestTimeout = 20_000;
  if (config.port !== null)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(config.port ?? 0, config.host, resolve);
    });
  const { pollUrl } = config;
  const timers = [
    setInterval(() => take(passed(watched, config, Date.now())), tickMs),
    ...(pollUrl === null ? [] : [setInterval(() => void poll(pollUrl), config.pollMs)]),
  ];
  if (pollUrl !== null) void poll(pollUrl);
  const address = server.address();

  return {
    port: typeof address === 'object' && address !== null ? address.port : null,
    async close() {
      ended.abort();
      for (const timer of timers) clearInterval(timer);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await Promise.race([Promise.all(telling), new Promise((resolve) => setTimeout(resolve, closingMs).unref())]);
    },
  };
}

function noticeOf(told: Told, deployment: string, channel: string): Notice {
  const now = new Date();
  const since = new Date(told.sinceMs).toISOString().slice(0, 16).replace('T', ' ');
  const minutes = Math.round((now.getTime() - told.sinceMs) / 60_000);
  const [subject, lines] = wordsOf(told, deployment, since, minutes);
  return {
    // A repetition has its own key: it is meant to be heard.
    idempotencyKey: `watch.${told.kind}.${told.sinceMs}.${now.getTime()}.${channel}`,
    kind: 'watch',
    priority: 'high',
    drill: false,
    deployment,
    subject: subject.slice(0, 80),
    text: [...lines, `From the watcher of ${deployment}, which runs apart from it.`].join('\n'),
    short: `${subject} (since ${since} UTC)`.slice(0, 140),
    link: null,
    atMs: now.getTime(),
    data: { ...told },
  };
}

function wordsOf(told: Told, deployment: string, since: string, minutes: number): [string, string[]] {
  switch (told.kind) {
    case 'silent':
      return [
        `${deployment} ${told.again ? 'is still' : 'has been'} silent for ${minutes} min`,
        [
          `Nothing good was heard of the platform since ${since} UTC (${minutes} min).`,
          ...(told.fault === null ? [] : [`The last thing: ${told.fault}.`]),
          'While it is silent it raises no alarm: look at the gauges yourself, and call whoever looks after the machine.',
        ],
      ];
    case 'back':
      return [
        `${deployment} is back`,
        [`The platform is heard again; it was silent since ${since} UTC (${minutes} min).`],
      ];
    case 'record':
      return [
        `${deployment}: the record of acts was changed`,
        [
          `The audit of the platform is not what it was: ${told.what}.`,
          'Keep the database as it is and have it verified. If a backup was put back, start the watcher once with --accept-record.',
        ],
      ];
  }
}

function isSecret(header: string | undefined, secret: string): boolean {
  const given = Buffer.from(header ?? '');
  const wanted = Buffer.from(`Bearer ${secret}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** Undefined when it is larger than any heartbeat. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > maxBodyBytes) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function kept(file: string): Watched['audit'] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch {
    return null;
  }
  const read = decodeJson(bytes, parseKept);
  return read.ok ? read.value.audit : null;
}

/** Whole or not at all: a torn file would forget what was known. */
function keep(file: string, audit: Watched['audit']): void {
  const fresh = `${file}.new`;
  writeFileSync(fresh, JSON.stringify({ audit }), { mode: 0o600, flush: true });
  renameSync(fresh, file);
}

function pause(ms: number, ended: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    ended.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      ended.removeEventListener('abort', done);
      resolve();
    }
  });
}
