/** TLS in front of a broker that speaks none: for what a test wants of the handshake. */
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { pipeline } from 'node:stream';
import { createServer, type TlsOptions } from 'node:tls';

export type Terminator = {
  readonly port: number;
  /** What was agreed on by ALPN, connection by connection; null for nothing. */
  readonly protocols: (string | null)[];
  close(): Promise<void>;
};

export async function terminateTls(options: TlsOptions, to: number): Promise<Terminator> {
  const protocols: (string | null)[] = [];
  const open = new Set<{ destroy(): unknown }>();
  const server = createServer({ requestCert: true, rejectUnauthorized: true, ...options }, (socket) => {
    protocols.push(socket.alpnProtocol || null);
    const beyond = connect({ port: to, host: '127.0.0.1', noDelay: true });
    pipeline(socket, beyond, socket, () => undefined);
  });
  // Also those that never come through the handshake.
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    protocols,
    async close() {
      for (const each of open) each.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
