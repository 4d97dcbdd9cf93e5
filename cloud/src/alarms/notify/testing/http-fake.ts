/** The HTTP side of a fake: reads requests whole, goes wrong as told, and lets the channel's own part judge the rest. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Issued } from '../../../fleet/pki/issue.ts';
import { type Arrived, type FakeFault, slowMs } from './fake.ts';
import { listening } from './listening.ts';

export type HttpFakeRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
};
export type HttpFakeReply = {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
};

export type HttpFakeManners = {
  /** What the request says, or the reply that refuses it as malformed or unauthorised. */
  read(request: HttpFakeRequest): Arrived | HttpFakeReply;
  readonly replies: Readonly<Record<'taken' | 'gone' | 'busy' | 'error', HttpFakeReply>>;
};

export type HttpFake = {
  readonly port: number;
  readonly requests: readonly HttpFakeRequest[];
  arrived(): readonly Arrived[];
  set(fault: FakeFault): Promise<void>;
  connections(): number;
  close(): Promise<void>;
};

export async function startHttpFake(manners: HttpFakeManners, tls: Issued | null = null): Promise<HttpFake> {
  const requests: HttpFakeRequest[] = [];
  const arrived: Arrived[] = [];
  const timers = new Set<NodeJS.Timeout>();
  let fault: FakeFault = 'none';

  const reply = (response: ServerResponse, { status, headers, body }: HttpFakeReply): void => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body ?? '');
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const whole: HttpFakeRequest = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers as Record<string, string | undefined>,
      body: Buffer.concat(chunks),
    };
    requests.push(whole);
    const read = manners.read(whole);
    if ('status' in read) return reply(response, read);
    if (fault === 'hang') return;
    if (fault === 'gone' || fault === 'busy' || fault === 'error') return reply(response, manners.replies[fault]);
    arrived.push(read);
    if (fault === 'cut') return void request.socket.resetAndDestroy();
    if (fault !== 'slow') return reply(response, manners.replies.taken);
    const timer = setTimeout(() => {
      timers.delete(timer);
      reply(response, manners.replies.taken);
    }, slowMs);
    timers.add(timer);
  };
  // A connection lost while it is read is the client's business.
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    handle(request, response).catch(() => response.destroy());
  };

  const server =
    tls === null ? createServer(listener) : createTlsServer({ cert: tls.certPem, key: tls.keyPem }, listener);
  const place = await listening(server, () => server.closeAllConnections());
  return {
    port: place.port,
    requests,
    arrived: () => arrived,
    connections: place.connections,
    async set(next) {
      fault = next;
      await (next === 'down' ? place.down() : place.up());
    },
    async close() {
      for (const timer of timers) clearTimeout(timer);
      await place.down();
    },
  };
}
