/**
 * MQTT over TLS with `mqtt`. Each connection is a client of its own: the library's reconnecting would carry
 * unacknowledged publishes along in memory (our log sends them again) and could not give each connection's
 * last will its number. Its offline queue stays unused: nothing is published while not connected.
 */
import { type CloudTopic, cloudTopics, parseTopic, topicOf } from '@siaga/protocol';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import type { Logger } from 'pino';
import { agentError, messageOf } from '../errors.ts';
import { pause } from '../wait.ts';
import { type Credentials, tlsOptions, tlsReason } from './tls.ts';
import type { Uplink, UplinkEvents } from './uplink.ts';

export type MqttUplinkSettings = {
  readonly url: string;
  readonly station: string;
  readonly credentials: Credentials;
  /** The next connection's number, durable before it is used. */
  readonly nextConnection: () => Promise<number>;
  /** The last will of a connection, on the topic `health`. */
  readonly willOf: (connection: number) => Uint8Array;
  readonly log: Logger;
  readonly timing?: Partial<UplinkTiming>;
};

/** Real milliseconds. */
export type UplinkTiming = {
  readonly ackMs: number;
  readonly connectMs: number;
  readonly backOffFirstMs: number;
  readonly backOffMostMs: number;
  readonly keepAliveS: number;
};

const defaultTiming: UplinkTiming = {
  ackMs: 15_000,
  connectMs: 20_000,
  backOffFirstMs: 500,
  backOffMostMs: 15_000,
  keepAliveS: 60,
};

/** A connection that stood this long ends the back-off; a shorter one may be kicked by a twin with our client id. */
const steadyMs = 30_000;

export function createMqttUplink(settings: MqttUplinkSettings, events: UplinkEvents): Uplink {
  const { station, log } = settings;
  const timing = { ...defaultTiming, ...settings.timing };
  const ending = new AbortController();
  let live: MqttClient | null = null;
  let connections = 0;
  let leaving = false;

  const connectOnce = async (): Promise<{ stoodMs: number; reason: string }> => {
    const connection = await settings.nextConnection();
    const url = new URL(settings.url);
    const client = connect(settings.url, {
      ...(await tlsOptions(settings.credentials, url.hostname)),
      ...clientOptions(station, timing),
      will: {
        topic: topicOf(station, 'health'),
        payload: Buffer.from(settings.willOf(connection)),
        qos: 1,
        retain: false,
      },
    });
    // Every error of a connection ends in 'close'; here it only leaves its reason.
    let reason = 'closed by the broker before it let us in: it may not accept uplink.cert';
    client.on('error', (error) => {
      reason = tlsReason(error);
    });
    client.setMaxListeners(0);
    const closed = new Promise<void>((resolve) => {
      client.once('close', resolve);
      client.once('end', resolve);
    });
    const abort = () => client.end(true);
    ending.signal.addEventListener('abort', abort, { once: true });
    const tooLong = setTimeout(() => {
      reason = 'no connection in time';
      client.end(true);
    }, timing.connectMs);
    let stoodSinceMs: number | null = null;
    client.on('message', (topic, payload) => {
      const parsed = parseTopic(topic);
      if (parsed.ok && isCloudTopic(parsed.value.kind)) events.onMessage(parsed.value.kind, payload);
    });
    client.once('connect', () => {
      client
        .subscribeAsync(
          cloudTopics.map((kind) => topicOf(station, kind)),
          { qos: 1 },
        )
        .then((grants) => {
          const refused = grants.filter(({ qos }) => qos >= 128);
          if (refused.length > 0)
            throw new Error(`refused to subscribe to ${refused.map(({ topic }) => topic).join(', ')}`);
          if (ending.signal.aborted || !client.connected) return;
          clearTimeout(tooLong);
          stoodSinceMs = performance.now();
          reason = 'connection closed';
          live = client;
          connections++;
          events.onConnected(connection);
        })
        .catch((error) => {
          reason = messageOf(error);
          client.end(true);
        });
    });
    await closed;
    clearTimeout(tooLong);
    ending.signal.removeEventListener('abort', abort);
    client.end(true);
    live = null;
    if (stoodSinceMs !== null) events.onDisconnected(reason);
    return { stoodMs: stoodSinceMs === null ? 0 : performance.now() - stoodSinceMs, reason };
  };

  const run = async (): Promise<void> => {
    let backOffMs = timing.backOffFirstMs;
    while (!leaving) {
      const { stoodMs, reason } = await connectOnce().catch((error) => ({ stoodMs: 0, reason: messageOf(error) }));
      if (leaving) return;
      // A link cut after a good while is tried again at once; one that never stands, ever more seldom.
      if (stoodMs >= steadyMs) backOffMs = timing.backOffFirstMs;
      const waitMs = backOffMs * (0.5 + Math.random() / 2);
      log.warn({ reason, waitMs: Math.round(waitMs) }, 'uplink down');
      backOffMs = Math.min(backOffMs * 2, timing.backOffMostMs);
      await pause(waitMs, ending.signal);
    }
  };
  const running = run();

  return {
    connected: () => live !== null,
    reconnects: () => Math.max(0, connections - 1),
    publish(kind, payload) {
      const client = live;
      if (client === null) return Promise.reject(agentError('uplink-disconnected', 'not connected'));
      return publishOn(client, topicOf(station, kind), payload, timing.ackMs);
    },
    leave() {
      leaving = true;
    },
    async close() {
      leaving = true;
      const client = live;
      // 'end' without force sends DISCONNECT first (MQTT 3.1.1 §3.14.4: the server then discards the will).
      if (client) await Promise.race([client.endAsync(), pause(2_000, ending.signal)]).catch(() => undefined);
      ending.abort();
      await running;
    },
  };
}

function clientOptions(station: string, timing: UplinkTiming): IClientOptions {
  return {
    clientId: station,
    clean: true,
    protocolVersion: 4,
    keepalive: timing.keepAliveS,
    connectTimeout: timing.connectMs,
    reconnectPeriod: 0,
    queueQoSZero: false,
    resubscribe: false,
  };
}

function publishOn(client: MqttClient, topic: string, payload: Uint8Array, ackMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      client.removeListener('close', onClose);
      settle();
    };
    const onClose = () => finish(() => reject(agentError('uplink-disconnected', 'the connection broke')));
    const timer = setTimeout(() => {
      // A link that swallows a PUBACK may swallow everything: the library would wait for ever.
      finish(() => reject(agentError('uplink-ack-timeout', `no PUBACK within ${ackMs} ms`)));
      client.end(true);
    }, ackMs);
    client.once('close', onClose);
    client.publish(topic, Buffer.from(payload), { qos: 1 }, (error) =>
      finish(() => (error ? reject(agentError('uplink-disconnected', messageOf(error), error)) : resolve())),
    );
  });
}

function isCloudTopic(kind: string): kind is CloudTopic {
  return (cloudTopics as readonly string[]).includes(kind);
}
