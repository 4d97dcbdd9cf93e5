/** A Mosquitto of the test's own, set up as a platform would: TLS with client certificates, each under its own name. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect as connectTcp, createServer } from 'node:net';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import type { Pki, TestBroker } from './broker.ts';

export type Mosquitto = Omit<TestBroker, 'silent' | 'cut'> & {
  /** Without TLS and names, on loopback. */
  readonly plainPort: number;
};

/** `rules`: lines of the access list beside a station's own. */
export async function startMosquitto(pki: Pki, folder: string, rules: readonly string[] = []): Promise<Mosquitto> {
  mkdirSync(folder, { recursive: true });
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const [port, plainPort] = await freePorts(2);
  const may = (access: 'read' | 'write', kinds: readonly string[]) =>
    kinds.map((kind) => `pattern ${access} flood/v1/%u/${kind}`);
  const acl = file(
    'acl',
    [
      ...may('write', ['readings', 'health', 'about']),
      ...may('read', ['receipt', 'command']),
      'pattern write $aws/rules/ingest/flood/v1/%u/readings',
      ...rules,
      '',
    ].join('\n'),
  );
  const config = file(
    'mosquitto.conf',
    `per_listener_settings true
user root
persistence false
max_packet_size 200000
listener ${port} 127.0.0.1
cafile ${file('ca.crt', pki.ca)}
certfile ${file('server.crt', pki.server.cert)}
keyfile ${file('server.key', pki.server.key)}
require_certificate true
use_identity_as_username true
acl_file ${acl}
listener ${plainPort} 127.0.0.1
allow_anonymous true
`,
  );
  const broker = spawn('mosquitto', ['-c', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  const said: string[] = [];
  broker.stderr?.on('data', (bytes) => said.push(String(bytes)));
  await listening(plainPort, broker, said);
  const published: TestBroker['published'] = [];
  const observer = await connectAsync(`mqtt://127.0.0.1:${plainPort}`, { reconnectPeriod: 0 });
  observer.on('message', (topic, payload) => published.push({ topic, payload: new Uint8Array(payload) }));
  await observer.subscribeAsync(['flood/#', '$aws/#'], { qos: 1 });
  return {
    port,
    plainPort,
    published,
    send: async (topic, payload) => void (await observer.publishAsync(topic, Buffer.from(payload), { qos: 1 })),
    async close() {
      await observer.endAsync(true);
      const gone = once(broker, 'exit');
      if (broker.exitCode === null && broker.kill('SIGKILL')) await gone;
    },
  };
}

async function listening(port: number, broker: ChildProcess, said: readonly string[]): Promise<void> {
  let failure: Error | null = null;
  broker.once('error', (error) => {
    failure = new Error(`mosquitto (Debian package of that name) does not start: ${error.message}`);
  });
  for (const untilMs = performance.now() + 10_000; performance.now() < untilMs; ) {
    if (failure) throw failure;
    if (broker.exitCode !== null) throw new Error(`mosquitto ended: ${said.join('')}`);
    const socket = connectTcp(port, '127.0.0.1');
    const stands = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'close').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (stands) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`mosquitto does not listen: ${said.join('')}`);
}

async function freePorts(count: number): Promise<[number, number]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports as [number, number];
}
