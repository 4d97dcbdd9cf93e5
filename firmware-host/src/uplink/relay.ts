/**
 * Lets a client that brings its own TLS use a connection that already has one: a socket of this machine, in a
 * folder that only we can enter, joined to the verified connection for the one client that comes.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import type { TLSSocket } from 'node:tls';

export type Relay = {
  readonly path: string;
  /** What broke the connection beyond, if anything did. */
  error(): Error | null;
  close(): void;
};

export async function openRelay(beyond: TLSSocket): Promise<Relay> {
  const folder = await mkdtemp(join(tmpdir(), 'siaga-relay-'));
  const path = join(folder, 'socket');
  let broken: Error | null = null;
  beyond.on('error', (error) => {
    broken ??= error;
  });
  const server = createServer((socket) => {
    server.close();
    pipeline(socket, beyond, socket, () => close());
  });
  const close = (): void => {
    server.close();
    beyond.destroy();
    void rm(folder, { recursive: true, force: true }).catch(() => undefined);
  };
  beyond.once('close', close);
  server.listen(path);
  await once(server, 'listening').catch((error) => {
    close();
    throw error;
  });
  return { path, close, error: () => broken };
}
