/**
 * The broker inside the process: aedes over TLS with client certificates. A PUBACK means stored: the
 * message is committed inside `authorizePublish`, the only hook that aedes waits for before it.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createServer, type PeerCertificate, type TLSSocket } from 'node:tls';
import { type CloudTopic, type DeviceTopic, maxPacketBytes, type StationId } from '@siaga/protocol';
import { Aedes, type AedesPublishPacket, type Client, type PublishPacket } from 'aedes';
import type { Logger } from '../log.ts';
import type { DeviceChannel } from '../ports.ts';
import { admit, type StationTopics, topicsOf } from './admission.ts';
import { guardPackets, type PacketGuard } from './packet-guard.ts';
import { type ProvisionAsk, type Provisioning, provisioning } from './provisioning.ts';
import { type Refusal, refusalError, refusalLog, refusalOf, refusalOfHandshake } from './refusals.ts';

export type BrokerTls = { readonly ca: string; readonly cert: string; readonly key: string };

/** A message from a station, whose name comes from its certificate. */
export type DeviceMessage = {
  readonly station: StationId;
  readonly kind: DeviceTopic;
  readonly topic: string;
  readonly payload: Uint8Array;
};

export type BrokerOptions = {
  readonly host: string;
  readonly port: number;
  readonly tls: BrokerTls;
  readonly knows: (station: StationId) => boolean;
  /** Resolves when the message is durably kept: then it is acknowledged. A rejection leaves it unacknowledged. */
  readonly receive: (message: DeviceMessage) => Promise<void>;
  /** Who is shut out though the authority signed it. `serial` is as OpenSSL writes it. */
  readonly revoked?: (serial: string) => boolean;
  /** A station was let in with this certificate (DER). */
  readonly seen?: (station: StationId, certificate: Uint8Array) => void;
  /** Answers who asks for a certificate; without, nobody may. */
  readonly provision?: (ask: ProvisionAsk) => Promise<Uint8Array>;
  readonly log: Logger;
  readonly count?: { refused(refusal: Refusal): void; withheld(): void };
  readonly limits?: Partial<BrokerLimits>;
};

/** `…Ms` in real milliseconds. */
export type BrokerLimits = {
  handshakeMs: number;
  connectMs: number;
  /** One packet must be complete within this. */
  packetMs: number;
  /** A connection whose message could not be kept is closed after this, so that its device tries again. */
  withheldMs: number;
  drainMs: number;
  /** Who asks for a certificate must be done by then. */
  provisionMs: number;
  /** So many may ask at once; under one certificate half of them. */
  provisionMost: number;
};

const defaultLimits: BrokerLimits = {
  handshakeMs: 10_000,
  connectMs: 10_000,
  packetMs: 30_000,
  withheldMs: 15_000,
  drainMs: 30_000,
  provisionMs: 60_000,
  provisionMost: 200,
};

const minVersion = 'TLSv1.2';

/** The longest keep-alive accepted; without any, a dead connection would stand for ever. */
const keepAliveLimitS = 1200;

export type Broker = {
  readonly port: number;
  readonly channel: DeviceChannel;
  connected(): ReadonlySet<StationId>;
  listening(): boolean;
  /** Ends every connection whose certificate is revoked by now; how many. */
  cutRevoked(): number;
  /** Shows another certificate from the next handshake on. Throws what OpenSSL says of a pair that is none. */
  useTls(tls: BrokerTls): void;
  /** Accepts nothing more, waits for the commits in flight, ends all connections. */
  close(): Promise<void>;
};

/** What is known of one connection. */
type Session = {
  readonly socket: TLSSocket;
  readonly guard: PacketGuard;
  readonly certificate: PeerCertificate;
  station: StationId | undefined;
  topics: StationTopics | undefined;
  /** In place of station and topics. */
  provisioning: Provisioning | undefined;
  cut: boolean;
  refusal: { refusal: Refusal; detail: string } | undefined;
  readonly subscribed: Set<string>;
  inFlight: number;
  /** PUBACKs of one commit leave in one write. */
  corked: boolean;
  sending: boolean;
};

export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const { knows, receive, log, count, provision, revoked = () => false } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const sayRefused = refusalLog(log);
  /** A closed connection's last will still needs its session, so that it goes when its client does. */
  const sessions = new WeakMap<Client, Session>();
  const open = new Set<Session>();
  const stations = new Map<StationId, Client>();
  const sockets = new Set<Socket>();
  let closing = false;
  let inFlight = 0;

  function refused(refusal: Refusal, details: Record<string, unknown>): void {
    count?.refused(refusal);
    sayRefused(refusal, details);
  }

  const aedes = await Aedes.createBroker({
    concurrency: 1000,
    queueLimit: 100,
    maxInflightInbound: 100,
    maxTopicLevels: 8,
    connectTimeout: limits.connectMs,
    drainTimeout: limits.drainMs,
    keepaliveLimit: keepAliveLimitS,

    preConnect(client, packet, callback) {
      const session = sessions.get(client);
      if (session === undefined) return callback(new Error('connection closed'), false);
      const { certificate } = session;
      const admission = admit(
        {
          commonName: certificate.subject?.CN,
          revoked: revoked(certificate.serialNumber),
          expired: Date.parse(certificate.valid_to) < Date.now(),
          clientId: packet.clientId,
          willTopic: packet.will?.topic,
          protocolVersion: packet.protocolVersion ?? 0,
        },
        knows,
      );
      if (!admission.ok) session.refusal = admission;
      else if (admission.as === 'station') {
        session.station = admission.station;
        session.topics = topicsOf(admission.station);
      } else session.refusal = beginProvisioning(session, client, admission);
      // Every session ends with its connection: aedes then keeps no QoS 1 message for a device that is gone or
      // acknowledges nothing. What it missed is said anew when it comes back.
      packet.clean = true;
      callback(null, true);
    },

    // Refused here rather than above, where aedes would close without a CONNACK that tells the device why.
    authenticate(client, _username, _password, callback) {
      const session = sessions.get(client);
      if (session?.provisioning !== undefined) return callback(null, true);
      if (session?.station === undefined) {
        const { refusal, detail } = session?.refusal ?? { refusal: 'client-id' as const, detail: 'not introduced' };
        return callback(Object.assign(refusalError(refusal, detail), { returnCode: 5 as const }), false);
      }
      if (stations.has(session.station)) refused('replaced', { station: session.station });
      callback(null, true);
    },

    // Last wills come this way too, when their connection is gone.
    authorizePublish(client, packet, callback) {
      const session = client === null ? undefined : sessions.get(client);
      // What a revoked certificate left as its last will is not to be believed any more.
      if (session?.cut) return callback(new Error('connection closed'));
      if (session?.provisioning !== undefined) {
        const refusal = session.provisioning.publish(packet.topic, packet.retain);
        callback(refusal ?? null);
        if (refusal === undefined)
          session.provisioning.take(bytesOf(packet)).catch((error: unknown) => {
            log.error(
              { station: session.provisioning?.station, err: error },
              'a request for a certificate not answered',
            );
            session.socket.destroy();
          });
        return;
      }
      const kind = session?.topics?.publish.get(packet.topic);
      if (session?.station === undefined || kind === undefined)
        return callback(refusalError('foreign-publish', `topic ${quoted(packet.topic)}`));
      // A will during our own shutdown says nothing about its device.
      if (closing) return callback(new Error('connection closed'));
      session.inFlight += 1;
      inFlight += 1;
      const { station, socket } = session;
      receive({ station, kind, topic: packet.topic, payload: bytesOf(packet) }).then(
        () => {
          session.inFlight -= 1;
          inFlight -= 1;
          corkedOnce(session);
          callback(null);
        },
        (error: unknown) => {
          session.inFlight -= 1;
          inFlight -= 1;
          count?.withheld();
          log.error({ station, err: error }, 'message not kept: acknowledgement withheld');
          setTimeout(() => socket.destroy(), limits.withheldMs).unref();
        },
      );
    },

    authorizeSubscribe(client, subscription, callback) {
      const session = sessions.get(client);
      const { topic } = subscription;
      if (session?.provisioning !== undefined) {
        const refusal = session.provisioning.subscribe(topic);
        return refusal === undefined ? callback(null, subscription) : callback(refusal);
      }
      if (session?.topics === undefined || (topic !== session.topics.receipt && topic !== session.topics.command))
        return callback(refusalError('foreign-subscribe', `topic ${quoted(topic)}`));
      session.subscribed.add(topic);
      callback(null, subscription);
    },
  });

  skipFanOut(aedes);

  function beginProvisioning(
    session: Session,
    client: Client,
    { station, commonName }: { readonly station: StationId; readonly commonName: string },
  ): Session['refusal'] {
    if (provision === undefined) return { refusal: 'client-id', detail: 'this platform gives no certificates' };
    const asking = [...open].flatMap((other) => other.provisioning?.commonName ?? []);
    if (asking.length >= limits.provisionMost)
      return { refusal: 'provision-limit', detail: `${asking.length} ask already` };
    const alike = asking.filter((other) => other === commonName).length;
    if (alike >= limits.provisionMost / 2)
      return { refusal: 'provision-limit', detail: `${alike} ask already under ${commonName}` };
    const certificate = session.certificate.raw;
    session.provisioning = provisioning({ station, commonName, certificate, client, answer: provision });
    const patience = setTimeout(
      () => session.socket.destroy(refusalError('provision-limit', `not done after ${limits.provisionMs} ms`)),
      limits.provisionMs,
    );
    patience.unref();
    session.socket.once('close', () => clearTimeout(patience));
    return undefined;
  }

  function cutRevoked(): number {
    const gone = [...open].filter(({ certificate }) => revoked(certificate.serialNumber));
    for (const session of gone) {
      session.cut = true;
      session.socket.destroy(refusalError('revoked-certificate', 'the certificate was revoked'));
    }
    return gone.length;
  }

  aedes.on('clientReady', (client) => {
    const session = sessions.get(client);
    if (session?.station === undefined) return;
    stations.set(session.station, client);
    options.seen?.(session.station, session.certificate.raw);
  });
  aedes.on('clientDisconnect', (client) => {
    const station = sessions.get(client)?.station;
    if (station !== undefined && stations.get(station) === client) stations.delete(station);
  });
  aedes.on('unsubscribe', (topics, client) => {
    for (const topic of topics) sessions.get(client)?.subscribed.delete(topic);
  });
  const onError = (client: Client, error: Error) => {
    const session = sessions.get(client);
    const refusal = refusalOf(error);
    if (refusal !== undefined)
      refused(refusal, {
        station: session?.station ?? session?.provisioning?.station,
        detail: error.message,
        peer: session?.socket.remoteAddress,
      });
  };
  aedes.on('clientError', onError);
  aedes.on('connectionError', onError);

  const server = createServer({
    ...options.tls,
    minVersion,
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout: limits.handshakeMs,
    noDelay: true,
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', (error, socket) => {
    const verdict = socket.authorizationError as unknown as string | undefined;
    const refusal = refusalOfHandshake(error, verdict ?? undefined);
    if (refusal !== undefined)
      refused(refusal, {
        detail: verdict ?? ('code' in error ? error.code : error.message),
        peer: socket.remoteAddress,
      });
  });
  server.on('secureConnection', (socket) => {
    if (closing) return socket.destroy();
    const certificate = socket.getPeerCertificate();
    const guard = guardPackets(socket, maxPacketBytes);
    const client = aedes.handle(socket);
    const session: Session = {
      socket,
      guard,
      certificate,
      station: undefined,
      topics: undefined,
      provisioning: undefined,
      cut: false,
      refusal: undefined,
      subscribed: new Set(),
      inFlight: 0,
      corked: false,
      sending: false,
    };
    sessions.set(client, session);
    open.add(session);
    socket.once('close', () => open.delete(session));
  });

  // A trickled packet: its bytes are bounded by the guard, its time here. Time in which we made it wait does not count.
  const sweep = setInterval(
    () => {
      const nowMs = Date.now();
      for (const session of open) {
        const sinceMs = session.guard.waitingSinceMs();
        if (sinceMs !== undefined && session.inFlight === 0 && nowMs - sinceMs > limits.packetMs)
          session.socket.destroy(
            refusalError('packet-timeout', `a packet was not complete after ${limits.packetMs} ms`),
          );
      }
    },
    Math.min(limits.packetMs, 5000),
  );
  sweep.unref();

  server.listen(options.port, options.host);
  await once(server, 'listening');
  server.on('error', (error) => log.error({ err: error }, 'broker'));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;

  async function send(station: StationId, kind: CloudTopic, payload: Uint8Array): Promise<void> {
    const client = stations.get(station);
    const session = client === undefined ? undefined : sessions.get(client);
    if (client === undefined || session?.topics === undefined) return;
    const topic = session.topics[kind];
    if (!session.subscribed.has(topic)) return;
    // A device that does not read: its receipts wait with who sends them, not in our memory.
    if (kind === 'receipt' && session.sending) throw new Error('the receipt before this one has not left yet');
    session.sending = true;
    client.publish({ cmd: 'publish', topic, payload: asBuffer(payload), qos: 1, dup: false, retain: false }, () => {
      session.sending = false;
    });
  }

  async function close(): Promise<void> {
    closing = true;
    clearInterval(sweep);
    const closed = server.listening ? once(server, 'close') : Promise.resolve();
    server.close();
    const deadline = Date.now() + 5000;
    while (inFlight > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise<void>((resolve) => aedes.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  return {
    port,
    channel: { send },
    connected: () => new Set(stations.keys()),
    listening: () => server.listening,
    cutRevoked,
    useTls: (tls) => server.setSecureContext({ ...tls, minVersion }),
    close,
  };
}

/**
 * Keeps device messages out of aedes' routing: they are stored by now, and nobody may subscribe to them.
 * aedes' own announcements, which have no client, go on as they are.
 */
function skipFanOut(aedes: Aedes): void {
  type Done = (error?: Error) => void;
  const publish = aedes.publish.bind(aedes) as (packet: PublishPacket | AedesPublishPacket, done?: Done) => void;
  const selective = (packet: PublishPacket, client: Client | null | Done, done?: Done): void => {
    if (typeof client === 'function') publish(packet, client);
    else if (client === null) publish(packet, done);
    else done?.();
  };
  aedes.publish = selective as Aedes['publish'];
}

/** Holds what is written to a socket until the end of this turn, so that acknowledgements share a TLS record. */
function corkedOnce(session: Session): void {
  if (session.corked) return;
  session.corked = true;
  session.socket.cork();
  process.nextTick(() => {
    session.corked = false;
    session.socket.uncork();
  });
}

function bytesOf(packet: PublishPacket): Uint8Array {
  return typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function quoted(topic: string): string {
  return JSON.stringify(topic.slice(0, 120));
}
