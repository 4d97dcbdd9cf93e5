/** A broker over TLS with client certificates, and throw-away credentials for it. For tests on loopback. */
import 'reflect-metadata';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import * as x509 from '@peculiar/x509';
import { Aedes } from 'aedes';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

type Issued = { cert: string; key: string };
type Validity = { readonly notBefore?: Date; readonly notAfter?: Date };
export type Pki = {
  ca: string;
  server: Issued;
  issue(name: string, validity?: Validity): Promise<Issued>;
  /** A broker's, for localhost and 127.0.0.1. */
  issueServer(validity: Validity): Promise<Issued>;
};

export async function createPki(dates: Validity = {}): Promise<Pki> {
  const { notBefore = new Date(Date.now() - 3_600_000), notAfter = new Date(Date.now() + 24 * 3_600_000) } = dates;
  const newKeys = () => crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<CryptoKeyPair>;
  const caKeys = await newKeys();
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Test CA',
    keys: caKeys,
    notBefore,
    notAfter,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  });
  let serial = 1;
  const issueWith = async (name: string, validity: Validity, extensions: x509.Extension[] = []): Promise<Issued> => {
    const keys = await newKeys();
    const cert = await x509.X509CertificateGenerator.create({
      serialNumber: String(++serial).padStart(4, '0'),
      subject: `CN=${name}`,
      issuer: ca.subject,
      notBefore: validity.notBefore ?? notBefore,
      notAfter: validity.notAfter ?? notAfter,
      publicKey: keys.publicKey,
      signingKey: caKeys.privateKey,
      signingAlgorithm: algorithm,
      extensions,
    });
    const pkcs8 = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
    return { cert: cert.toString('pem'), key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') };
  };
  const names = new x509.SubjectAlternativeNameExtension([
    { type: 'dns', value: 'localhost' },
    { type: 'ip', value: '127.0.0.1' },
  ]);
  const issueServer = (validity: Validity) => issueWith('broker', validity, [names]);
  return {
    ca: ca.toString('pem'),
    server: await issueServer({}),
    issueServer,
    issue: (name, validity = {}) => issueWith(name, validity),
  };
}

/** Writes a device's credentials as the platform lays them out, and gives their paths. */
export async function writeCredentials(pki: Pki, station: string, folder: string) {
  const { cert, key } = await pki.issue(station);
  mkdirSync(folder, { recursive: true });
  const paths = { ca: join(folder, 'ca.crt'), cert: join(folder, 'device.crt'), key: join(folder, 'device.key') };
  writeFileSync(paths.ca, pki.ca);
  writeFileSync(paths.cert, cert);
  writeFileSync(paths.key, key);
  return paths;
}

export type TestBroker = {
  readonly port: number;
  readonly published: { topic: string; payload: Uint8Array }[];
  /** Answers no PUBACK while true: the publish hook holds its callback. */
  silent(on: boolean): void;
  send(topic: string, payload: Uint8Array): Promise<void>;
  /** Breaks every connection. */
  cut(): void;
  close(): Promise<void>;
};

export async function startBroker(pki: Pki, port = 0): Promise<TestBroker> {
  const published: TestBroker['published'] = [];
  const sockets = new Set<Socket>();
  let mute = false;
  const aedes = await Aedes.createBroker({
    authorizePublish(_client, packet, done) {
      if (mute) return;
      published.push({ topic: packet.topic, payload: new Uint8Array(packet.payload as Buffer) });
      done(null);
    },
  });
  const server: Server = createServer(
    { ca: pki.ca, cert: pki.server.cert, key: pki.server.key, requestCert: true, rejectUnauthorized: true },
    (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
      aedes.handle(socket);
    },
  );
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    published,
    silent(on) {
      mute = on;
    },
    send: (topic, payload) =>
      new Promise((resolve, reject) =>
        aedes.publish(
          { cmd: 'publish', topic, payload: Buffer.from(payload), qos: 1, retain: false, dup: false },
          (error) => (error ? reject(error) : resolve()),
        ),
      ),
    cut,
    async close() {
      cut();
      await new Promise<void>((resolve) => aedes.close(resolve));
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
