import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';

/** Certificate, key and authority of a station. */
export type Papers = { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer };

export function papersOf(pki: string, station: string): Papers {
  const read = (file: string) => readFileSync(join(pki, 'devices', station, file));
  return { ca: read('ca.crt'), cert: read('device.crt'), key: read('device.key') };
}

/** A bare MQTT client under a station's certificate: what a device that is not our agent may do. Rejects when it is turned away. */
export async function connectDevice(
  mqttUrl: string,
  station: string,
  papers: Partial<Papers>,
  options: IClientOptions = {},
): Promise<MqttClient> {
  const client = mqtt.connect(mqttUrl, {
    ...papers,
    clientId: station,
    protocolVersion: 4,
    reconnectPeriod: 0,
    connectTimeout: 10_000,
    ...options,
  });
  try {
    await new Promise<void>((resolve, reject) => {
      client.once('connect', () => resolve());
      client.once('error', reject);
      client.once('close', () => reject(new Error('connection closed')));
    });
  } catch (error) {
    client.end(true);
    throw error;
  }
  client.on('error', () => {});
  return client;
}

/** Publishes at QoS 1: `acknowledged` when the broker took it, `closed` when it ended the connection instead. */
export function publishTo(
  client: MqttClient,
  topic: string,
  payload: string | Uint8Array,
): Promise<'acknowledged' | 'closed'> {
  return new Promise((resolve) => {
    const closed = () => resolve('closed');
    client.once('close', closed);
    client.publish(topic, Buffer.from(payload), { qos: 1 }, (error) => {
      client.removeListener('close', closed);
      resolve(error ? 'closed' : 'acknowledged');
    });
  });
}

/** A TLS connection without any MQTT on it yet. */
export function connectRaw(mqttUrl: string, papers: Partial<Papers>): Promise<TLSSocket> {
  const { hostname, port } = new URL(mqttUrl);
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: hostname, port: Number(port), ...papers });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}
