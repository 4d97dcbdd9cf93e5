/**
 * The agent's side of the control socket. It must never be the reason why a gauge falls silent: a socket that
 * cannot be made is logged and done without, few may be connected at a time, a line is bounded, and whoever does
 * not read what he asked for is let go.
 *
 * The caller holds the data folder's lock: a socket that lies there already belongs to nobody.
 */
import { chmod, lstat, unlink } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { decodeJson, parserOf } from '@siaga/protocol';
import type { Logger } from 'pino';
import { messageOf } from '../errors.ts';
import { createLineCutter } from './lines.ts';
import { type ControlHandlers, ControlRequest, maxLineBytes } from './protocol.ts';
import { controlPath } from './socket-path.ts';

export type ControlServer = {
  /** Ends every connection and removes the socket. */
  close(): Promise<void>;
};

const mostConnections = 8;
/** Bytes that may wait for a listener who does not read. */
const mostWaitingBytes = 1 << 20;
const idleMs = 60_000;

/** Listens in the folder `data`. Never rejects: without a socket the agent works as well. */
export async function serveControl(
  data: string,
  handlers: ControlHandlers,
  log: Pick<Logger, 'warn'>,
): Promise<ControlServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    serve(socket, handlers);
  });
  server.maxConnections = mostConnections;
  // An agent that ends does not wait for those who look at it.
  server.unref();
  const listening = await listen(server, data).catch((error) => {
    log.warn({ err: messageOf(error) }, 'no control socket: doctor and tail cannot ask this agent');
    return null;
  });
  server.on('error', (error) => log.warn({ err: messageOf(error) }, 'control socket'));
  return {
    async close() {
      for (const socket of sockets) socket.destroy();
      if (listening === null) return;
      await new Promise((resolve) => server.close(resolve));
      await listening.release().catch(() => undefined);
    },
  };
}

async function listen(server: Server, data: string) {
  const place = await controlPath(data);
  try {
    const left = await lstat(place.path).catch(() => null);
    if (left?.isSocket()) await unlink(place.path);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      // The socket is born with the mode that the mask leaves: nobody else gets in before the chmod.
      const mask = process.umask(0o177);
      try {
        server.listen(place.path, () => {
          server.removeListener('error', reject);
          resolve();
        });
      } finally {
        process.umask(mask);
      }
    });
    await chmod(place.path, 0o600);
    return place;
  } catch (error) {
    await place.release();
    throw error;
  }
}

/** One connection: requests in their order, one at a time. */
function serve(socket: Socket, handlers: ControlHandlers): void {
  const cutter = createLineCutter(maxLineBytes);
  let stopTail: (() => void) | null = null;
  let turn: Promise<void> = Promise.resolve();
  const send = (message: object): void => {
    if (socket.destroyed) return;
    if (socket.writableLength > mostWaitingBytes) socket.destroy();
    else socket.write(`${JSON.stringify(message)}\n`);
  };
  const obey = async (line: string): Promise<void> => {
    const request = parseRequest(line);
    if (!request.ok) return send({ ok: false, error: `not understood: ${request.reason}` });
    if (request.value.do === 'tail') {
      send({ ok: true });
      stopTail ??= handlers.tail(send);
      socket.setTimeout(0);
      return;
    }
    try {
      send({ ok: true, ...(await answer(request.value, handlers)) });
    } catch (error) {
      send({ ok: false, error: messageOf(error) });
    }
  };
  socket.setTimeout(idleMs, () => socket.destroy());
  socket.once('close', () => stopTail?.());
  socket.on('data', (bytes) => {
    const lines = cutter.push(bytes);
    if (lines === null) {
      socket.end(`${JSON.stringify({ ok: false, error: `a line is longer than ${maxLineBytes} bytes` })}\n`);
      socket.pause();
      return;
    }
    // Who sends on while his requests are worked off waits: what he sent is bounded.
    socket.pause();
    for (const line of lines) turn = turn.then(() => (socket.destroyed ? undefined : obey(line)));
    turn = turn.then(() => {
      if (!socket.destroyed) socket.resume();
    });
  });
}

type Asked = Exclude<ControlRequest, { do: 'tail' }>;

async function answer(request: Asked, handlers: ControlHandlers): Promise<object> {
  switch (request.do) {
    case 'status':
      return { status: await handlers.status() };
    case 'maintenance':
      await handlers.maintenance({ untilMs: request.untilMs, by: request.by ?? null });
      return {};
    case 'measure':
      return { measured: await handlers.measure({ gauge: request.gauge, pings: request.pings }) };
    case 'calibrations-changed':
      await handlers.calibrationsChanged();
      return {};
    case 'settings':
      return { settings: await handlers.settings() };
    case 'ping-uplink':
      return { ms: await handlers.pingUplink() };
  }
}

const requestOf = parserOf(ControlRequest);
const encoder = new TextEncoder();

function parseRequest(line: string) {
  return decodeJson(encoder.encode(line), requestOf);
}
