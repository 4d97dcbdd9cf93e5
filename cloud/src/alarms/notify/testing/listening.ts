/** A server that can go away and come back at the same port, and knows its connections. */
import type { AddressInfo, Server, Socket } from 'node:net';

export type Listening = {
  readonly port: number;
  up(): Promise<void>;
  down(): Promise<void>;
  connections(): number;
};

/**
 * `endAll` ends the connections. A server of TLS must give its own: a socket destroyed beneath its TLS, while that is
 * still at work, takes the whole process with it.
 */
export async function listening(server: Server, endAll?: () => void): Promise<Listening> {
  const sockets = new Set<Socket>();
  const destroyAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    up: async () => {
      if (!server.listening) await listen(port);
    },
    down: async () => {
      if (!server.listening) return;
      const closed = new Promise((resolve) => server.close(resolve));
      (endAll ?? destroyAll)();
      await closed;
    },
    connections: () => sockets.size,
  };
}
