/** Asks the platform's own broker for a certificate, over a connection that can do nothing else. */
import { randomUUID, X509Certificate } from 'node:crypto';
import {
  decodeProvisionAnswer,
  encodeJson,
  type ProvisionAnswer,
  type ProvisionRequest,
  provisionClientId,
  provisionTopic,
} from '@siaga/protocol';
import { MqttClient } from 'mqtt';
import { agentError, messageOf } from '../errors.ts';
import type { Pems } from '../uplink/credentials.ts';
import type { DeviceTime } from '../uplink/device-time.ts';
import { tlsReason } from '../uplink/reasons.ts';
import type { Target } from '../uplink/target.ts';
import { openTls } from '../uplink/tls.ts';

export type Way = {
  readonly target: Target;
  readonly pems: Pems;
  readonly station: string;
  readonly time: DeviceTime;
  /** Everything must be done by then. */
  readonly signal: AbortSignal;
};

/**
 * Rejects with `provision-refused` and the operator's mend where the platform says no, with `provision-failed` where
 * it could not be asked.
 */
export async function askPlatform(
  way: Way,
  request: Pick<ProvisionRequest, 'csr' | 'hardware'>,
): Promise<{ certificate: string; ca: string }> {
  const { station } = way;
  const answer = await connected(way, async (client) => {
    const id = randomUUID();
    const answered = new Promise<ProvisionAnswer>((resolve) => {
      client.on('message', (_topic, payload) => {
        const decoded = decodeProvisionAnswer(payload);
        if (decoded.ok && decoded.value.id === id) resolve(decoded.value);
      });
    });
    await client.subscribeAsync(provisionTopic(station, 'answer'), { qos: 1 });
    const body = encodeJson({ v: 1, id, ...request } satisfies ProvisionRequest);
    await client.publishAsync(provisionTopic(station, 'request'), Buffer.from(body), { qos: 1 });
    return answered;
  });
  if (!answer.ok)
    throw agentError(
      'provision-refused',
      `the platform gave no certificate (${answer.refusal}): ${answer.detail}`,
      answer.refusal,
    );
  return answer;
}

/** Resolves when the broker lets these credentials in. */
export async function tryPlatform(way: Way): Promise<void> {
  await connected(way, async () => undefined);
}

async function connected<T>(way: Way, use: (client: MqttClient) => Promise<T>): Promise<T> {
  const { target, pems, station, time, signal } = way;
  const failed = (why: string, cause?: unknown) =>
    agentError('provision-failed', `${target.host}:${target.port}: ${why}`, cause);
  const socket = await openTls(target, pems, time, signal).catch((error) => {
    throw failed(messageOf(error), error);
  });
  const clientId = provisionClientId(commonNameOf(pems), station);
  const client = new MqttClient(() => socket, {
    clientId,
    clean: true,
    protocolVersion: 4,
    keepalive: 30,
    reconnectPeriod: 0,
    connectTimeout: 20_000,
  });
  let reason =
    'the broker ended the connection: is this platform asked for certificates at all, and is ours still good?';
  client.on('error', (error: Error & { code?: unknown }) => {
    reason =
      error.code === 5
        ? `the broker does not let us in: our certificate may be revoked or expired, or ${station} not be in its catalogue`
        : tlsReason(error);
  });
  const ended = new Promise<never>((_resolve, reject) => {
    client.once('close', () => reject(failed(reason)));
    const giveUp = () => reject(failed(`no answer in time (${messageOf(signal.reason)})`));
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
  });
  ended.catch(() => undefined);
  const used = async () => {
    await new Promise<void>((resolve) => client.once('connect', () => resolve()));
    return use(client);
  };
  try {
    return await Promise.race([used(), ended]);
  } catch (error) {
    // A publish or subscription that a closed connection cut off says less than why it closed.
    await Promise.race([ended, Promise.resolve()]);
    throw error;
  } finally {
    client.end(true);
    socket.destroy();
  }
}

function commonNameOf({ cert }: Pems): string {
  return /^CN=(.*)$/m.exec(new X509Certificate(cert).subject)?.[1] ?? '';
}
