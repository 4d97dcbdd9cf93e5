/** MQTT 3.1.1 over TLS with `mqtt`, for any broker. The library's offline queue stays unused: our log is the queue. */
import { MqttClient } from 'mqtt';
import { writeToStream } from 'mqtt-packet';
import { messageOf } from '../errors.ts';
import { type Credentials, readCredentials, unsaidReason } from './credentials.ts';
import type { DeviceTime } from './device-time.ts';
import { tlsReason } from './reasons.ts';
import type { Attempt, Ending, OpenSession, Session } from './session.ts';
import type { Target } from './target.ts';
import { openTls } from './tls.ts';

// It would make a buffer for each of the 65,536 packet ids at the first packet: 20 MB, to save a device nothing.
writeToStream.cacheNumbers = false;

export type MqttSettings = {
  readonly target: Target;
  readonly credentials: Credentials;
  readonly time: DeviceTime;
};

export function mqttSessions({ target, credentials, time }: MqttSettings): OpenSession {
  return async (attempt) => {
    const { signal } = attempt;
    // TLS is ours, so that nothing is said before the broker is verified; the library gets the finished connection.
    const pems = await readCredentials(credentials);
    const socket = await openTls(target, pems, time, signal);
    const client = new MqttClient(() => socket, {
      clientId: attempt.station,
      clean: true,
      protocolVersion: 4,
      keepalive: attempt.keepAliveS,
      connectTimeout: attempt.connectMs,
      reconnectPeriod: 0,
      queueQoSZero: false,
      resubscribe: false,
      will: { ...attempt.will, payload: Buffer.from(attempt.will.payload), qos: 1, retain: false },
    });
    // Every error of a connection ends in 'close'; here it only leaves its reason.
    let reason = unsaidReason(pems);
    client.on('error', (error) => {
      reason = connectReason(error);
    });
    const ended = new Promise<Ending>((resolve) => {
      const onEnd = () => resolve({ reason });
      client.once('close', onEnd);
      client.once('end', onEnd);
    });
    const abort = (why: string): void => {
      reason = why;
      client.end(true);
    };
    const giveUp = () => abort(messageOf(signal.reason));
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    watchPings(client, attempt.pingMs, abort);
    client.on('message', (topic, payload) => attempt.onMessage(topic, payload));
    const opened = await Promise.race([subscribed(client, attempt), ended]).catch((error) => {
      abort(messageOf(error));
      return ended;
    });
    signal.removeEventListener('abort', giveUp);
    if (opened !== 'open') {
      client.end(true);
      throw new Error(opened.reason);
    }
    reason = 'connection closed';
    void ended.then(() => client.end(true));
    return sessionOf(client, ended, abort);
  };
}

async function subscribed(client: MqttClient, { subscriptions }: Attempt): Promise<'open'> {
  await new Promise<void>((resolve) => client.once('connect', () => resolve()));
  const grants = await client.subscribeAsync([...subscriptions], { qos: 1 });
  const refused = grants.filter(({ qos }) => qos >= 128);
  if (refused.length > 0)
    throw new Error(`the broker refused to subscribe to ${refused.map(({ topic }) => topic).join(', ')}`);
  return 'open';
}

function sessionOf(client: MqttClient, ended: Promise<Ending>, abort: Session['abort']): Session {
  return {
    ended,
    abort,
    publish: (topic, payload) =>
      new Promise((resolve, reject) => {
        client.publish(topic, Buffer.from(payload), { qos: 1 }, (error) => (error ? reject(error) : resolve()));
      }),
    leave: () => client.endAsync(),
  };
}

/** The library itself waits half a keep-alive for the answer to a ping: minutes, where the link is calm. */
function watchPings(client: MqttClient, pingMs: number, abort: Session['abort']): void {
  let timer: NodeJS.Timeout | null = null;
  const clear = () => {
    if (timer) clearTimeout(timer);
    timer = null;
  };
  client.on('packetsend', ({ cmd }) => {
    if (cmd === 'pingreq') timer ??= setTimeout(() => abort(`no answer to a ping within ${pingMs / 1_000} s`), pingMs);
  });
  client.on('packetreceive', clear);
  client.once('close', clear);
  client.once('end', clear);
}

/** CONNACK return codes (MQTT 3.1.1 §3.2.2.3) that a setting of ours may cause. */
function connectReason(error: Error & { code?: unknown }): string {
  if (error.code === 2) return `the broker refuses our client id, the station's name (${error.message})`;
  if (error.code === 4 || error.code === 5)
    return `the broker does not let this station in: is it known there, and is uplink.cert its own? (${error.message})`;
  return tlsReason(error);
}
