/**
 * AWS IoT Core by the client of its SDK: MQTT 5 over the SDK's own TLS. `aws-iot-device-sdk-v2` hands out the
 * very client of `aws-crt`; it is taken from there, which loads 10 MB less.
 *
 * The native TLS judges certificates by the system's clock and says only "negotiation failed". So a failed
 * handshake is made again with Node's TLS, which knows why; and if nothing but the dates stands in the way and the
 * clock is not trusted, that verified connection carries the session (relay.ts).
 */
import { io, mqtt5 } from 'aws-crt';
import { agentError, messageOf } from '../errors.ts';
import { pause } from '../wait.ts';
import { type Credentials, type Pems, readCredentials, unsaidReason } from './credentials.ts';
import type { DeviceTime } from './device-time.ts';
import { crtReason, disconnectReason, tlsReason } from './reasons.ts';
import type { Relay } from './relay.ts';
import { releaseSoon } from './release.ts';
import type { Attempt, Ending, OpenSession, Session } from './session.ts';
import type { Target } from './target.ts';

export type AwsIotSettings = {
  readonly target: Target;
  readonly credentials: Credentials;
  readonly time: DeviceTime;
};

/** Longer than any session lives: reconnecting is ours, each connection has its own client and last will. */
const neverMs = 2 ** 31 - 1;
/** Of the time for connecting, what the native handshake has alone before Node's TLS looks for what is wrong. */
const patientShare = 0.3;
/** A native client that is still in its handshake stops when that is over, in the background. */
const stopMs = 500;

export function awsIotSessions({ target, credentials, time }: AwsIotSettings): OpenSession {
  return async (attempt) => {
    const pems = await readCredentials(credentials);
    const giveUp = new AbortController();
    const native = openSession(attempt, { ...target, tlsCtx: tlsContext(pems, target) }, giveUp.signal);
    // A native handshake that fails says so only after 10 to 30 s: it hides from attackers what went wrong.
    const settled = new AbortController();
    const early = await Promise.race([
      native.then(() => true),
      pause(attempt.connectMs * patientShare, settled.signal).then(() => false),
    ])
      .catch((error: unknown) => {
        if (attempt.signal.aborted || !isTlsFault(error)) throw new Error(crtReason(error), { cause: error });
        return false;
      })
      .finally(() => settled.abort());
    if (early) return native;
    const relay = await relayed(target, pems, time, attempt).catch((error) => {
      giveUp.abort(error);
      return native.catch(() => {
        throw error;
      });
    });
    if (!('path' in relay)) return relay;
    giveUp.abort(new Error('another way is taken'));
    native.catch(() => undefined);
    return openSession(attempt, { host: relay.path, port: 0, relay }, attempt.signal).catch((error) => {
      relay.close();
      const broken = relay.error();
      throw new Error(broken ? tlsReason(broken) : isTlsFault(error) ? unsaidReason(pems) : messageOf(error));
    });
  };
}

async function relayed(target: Target, pems: Pems, time: DeviceTime, { signal }: Attempt): Promise<Relay> {
  // Node's TLS is seldom needed here, and costs memory.
  const [{ openTls }, { openRelay }] = await Promise.all([import('./tls.ts'), import('./relay.ts')]);
  return openRelay(await openTls(target, pems, time, signal));
}

type Way = {
  readonly host: string;
  readonly port: number;
  readonly tlsCtx?: io.ClientTlsContext;
  readonly relay?: Relay;
};

async function openSession(attempt: Attempt, way: Way, giveUp: AbortSignal): Promise<Session> {
  const signal = AbortSignal.any([attempt.signal, giveUp]);
  const client = new mqtt5.Mqtt5Client({
    hostName: way.host,
    port: way.port,
    ...(way.tlsCtx ? { tlsCtx: way.tlsCtx } : {}),
    socketOptions: new io.SocketOptions(
      io.SocketType.STREAM,
      way.relay ? io.SocketDomain.LOCAL : io.SocketDomain.IPV4,
      attempt.connectMs,
    ),
    connectProperties: {
      clientId: attempt.station,
      keepAliveIntervalSeconds: attempt.keepAliveS,
      will: {
        topicName: attempt.will.topic,
        payload: attempt.will.payload,
        qos: mqtt5.QoS.AtLeastOnce,
        retain: false,
      },
    },
    sessionBehavior: mqtt5.ClientSessionBehavior.Clean,
    // Without it a publish made offline would wait in memory, and be sent beside what the outbox sends.
    offlineQueueBehavior: mqtt5.ClientOperationQueueBehavior.FailAllOnDisconnect,
    connackTimeoutMs: attempt.connectMs,
    pingTimeoutMs: attempt.pingMs,
    ackTimeoutSeconds: Math.ceil(attempt.ackMs / 1_000),
    minReconnectDelayMs: neverMs,
    maxReconnectDelayMs: neverMs,
    disableMetrics: true,
  });
  let reason = 'connection closed';
  let takenOver = false;
  let stopping = false;
  const stop = (packet?: mqtt5.DisconnectPacket): void => {
    if (stopping) return;
    stopping = true;
    client.stop(packet);
  };
  const stopped = new Promise<void>((resolve) => client.once('stopped', () => resolve()));
  // Its native half must be closed, always, and not within one of its own events.
  const ended = stopped.then(async (): Promise<Ending> => {
    await new Promise((resolve) => setImmediate(resolve));
    client.close();
    way.relay?.close();
    releaseSoon();
    return { reason, takenOver };
  });
  const abort = (why: string): void => {
    reason = why;
    stop();
  };
  client.on('error', (error) => abort(messageOf(error)));
  client.on('messageReceived', ({ message }) =>
    attempt.onMessage(message.topicName, new Uint8Array(message.payload as ArrayBuffer)),
  );
  let onAbort = (): void => undefined;
  const opened = new Promise<void>((resolve, reject) => {
    client.once('connectionSuccess', () => resolve());
    client.once('connectionFailure', ({ error, connack }) =>
      reject(connack ? new Error(disconnectReason(connack.reasonCode, connack.reasonString)) : error),
    );
    onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
  });
  client.on('disconnection', ({ error, disconnect }) => {
    takenOver = disconnect?.reasonCode === mqtt5.DisconnectReasonCode.SessionTakenOver;
    if (!stopping)
      abort(disconnect ? disconnectReason(disconnect.reasonCode, disconnect.reasonString) : messageOf(error));
  });
  client.start();
  try {
    await Promise.race([opened.then(() => subscribe(client, attempt)), ended.then(() => Promise.reject(reason))]);
  } catch (error) {
    stop();
    await Promise.race([ended, pause(stopMs)]);
    throw error instanceof Error ? error : new Error(messageOf(error));
  } finally {
    // A listener left on a joined signal would hold the client for ever.
    signal.removeEventListener('abort', onAbort);
  }
  return {
    ended,
    abort,
    async publish(topic, payload) {
      const puback = await client.publish({ topicName: topic, payload, qos: mqtt5.QoS.AtLeastOnce });
      const code = puback?.reasonCode ?? 0;
      if (!mqtt5.isSuccessfulPubackReasonCode(code))
        throw agentError('uplink-refused', disconnectReason(code, puback?.reasonString));
    },
    async leave() {
      stop({ reasonCode: mqtt5.DisconnectReasonCode.NormalDisconnection });
      await ended;
    },
  };
}

async function subscribe(client: mqtt5.Mqtt5Client, { subscriptions }: Attempt): Promise<void> {
  const { reasonCodes } = await client.subscribe({
    subscriptions: subscriptions.map((topicFilter) => ({ topicFilter, qos: mqtt5.QoS.AtLeastOnce })),
  });
  const refused = subscriptions.filter((_, i) => (reasonCodes[i] ?? 0) >= 128);
  if (refused.length > 0) throw new Error(`the broker refused to subscribe to ${refused.join(', ')}`);
}

function tlsContext({ ca, cert, key }: Pems, { alpn }: Target): io.ClientTlsContext {
  const options = io.TlsContextOptions.create_client_with_mtls(cert.toString(), key.toString());
  options.override_default_trust_store(ca.toString());
  options.alpn_list = alpn === null ? [] : [alpn];
  return new io.ClientTlsContext(options);
}

function isTlsFault(error: unknown): boolean {
  return /TLS|SOCKET_CLOSED|HANGUP/i.test(`${(error as { error_name?: string }).error_name} ${messageOf(error)}`);
}
