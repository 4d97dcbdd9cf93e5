/** A wire between a device and its broker that can be cut, or left standing while it swallows what is sent. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type TestWire = {
  readonly port: number;
  /** How often a device came. */
  connections(): number;
  /** Breaks what stands. New connections come through. */
  cut(): void;
  /** `answers`: what the broker says is lost. `everything`: a black hole in both directions. No end is told. */
  swallow(what: 'nothing' | 'answers' | 'everything'): void;
  close(): Promise<void>;
};

export async function openWire(to: number, host = '127.0.0.1'): Promise<TestWire> {
  const sockets = new Set<Socket>();
  let swallows: 'nothing' | 'answers' | 'everything' = 'nothing';
  let connections = 0;
  const server = createServer({ noDelay: true }, (near) => {
    connections++;
    const far = connect({ port: to, host: '127.0.0.1', noDelay: true });
    const join = (from: Socket, onto: Socket, lost: () => boolean) => {
      sockets.add(from);
      from.on('data', (bytes) => {
        if (!lost()) onto.write(bytes);
      });
      from.on('error', () => undefined);
      from.once('end', () => {
        if (!lost()) onto.end();
      });
      from.once('close', () => {
        sockets.delete(from);
        if (!lost()) onto.destroy();
      });
    };
    join(near, far, () => swallows === 'everything');
    join(far, near, () => swallows !== 'nothing');
  });
  server.listen(0, host);
  await once(server, 'listening');
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    cut,
    swallow(what) {
      swallows = what;
    },
    async close() {
      swallows = 'nothing';
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
