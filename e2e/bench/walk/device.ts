import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { decodeReceipt, encodeReadings, mintStreamId, type Reading, topicOf } from '@siaga/protocol';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { type LoadJob, windowMessages } from './load-job.ts';

/** One device of the load generator: a connection that publishes as fast as it is acknowledged. */
export type Device = {
  begin(): void;
  /** Sends nothing more. */
  pause(): void;
  /** Readings whose message was acknowledged. */
  acknowledged(): number;
  /** Messages without an acknowledgement. */
  inFlight(): number;
  /** Whether a receipt settles every acknowledged reading. */
  covered(): boolean;
  /** Event time of the last acknowledged reading. */
  lastAtMs(): number;
  close(): void;
};

const intervalS = 60;
const stepMs = intervalS * 1000;
const messageIds = 60_000;

/** Connects under the station's certificate, subscribes to its receipts and has its first messages ready. */
export async function openDevice(job: LoadJob, station: string): Promise<Device> {
  const socket = await connected(job, station);
  const packets = packetsOf(job, station);
  let sent = 0;
  let answered = 0;
  let settledUpTo = 0;
  let paused = true;

  function sendMore(): void {
    socket.cork();
    for (; !paused && sent - answered < windowMessages; sent++) socket.write(packets.at(sent));
    socket.uncork();
  }

  function take(packet: Packet): void {
    if (packet.cmd === 'puback') answered += 1;
    if (packet.cmd !== 'publish') return;
    socket.write(mqttPacket.generate({ cmd: 'puback', messageId: packet.messageId ?? 1 }));
    const receipt = decodeReceipt(packet.payload as Buffer);
    if (!receipt.ok) throw new Error(`${station}: a receipt that cannot be read: ${receipt.reason}`);
    if (receipt.value.stream !== packets.stream) return;
    const { upTo, ranges } = receipt.value;
    if (upTo > sent * job.readingsPerMessage) throw new Error(`${station}: a receipt for what was not sent`);
    settledUpTo = ranges.length === 0 ? upTo : 0;
  }

  const parser = mqttPacket.parser({ protocolVersion: 4 });
  parser.on('packet', take);
  parser.on('error', (error) => socket.destroy(error));
  const ready = once(parser, 'packet');
  socket.on('data', (bytes) => {
    parser.parse(bytes);
    sendMore();
  });
  socket.write(
    mqttPacket.generate({ cmd: 'connect', clientId: station, protocolVersion: 4, clean: true, keepalive: 60 }),
  );
  const subscriptions = [{ topic: topicOf(station, 'receipt'), qos: 1 as const }];
  socket.write(mqttPacket.generate({ cmd: 'subscribe', messageId: messageIds + 1, subscriptions }));
  await ready;

  return {
    begin() {
      paused = false;
      sendMore();
    },
    pause() {
      paused = true;
    },
    acknowledged: () => answered * job.readingsPerMessage,
    inFlight: () => sent - answered,
    covered: () => settledUpTo >= answered * job.readingsPerMessage,
    lastAtMs: () => job.firstAtMs + (answered * job.readingsPerMessage - 1) * stepMs,
    close: () => socket.destroy(),
  };
}

async function connected({ mqttUrl, pki }: LoadJob, station: string): Promise<TLSSocket> {
  const { hostname, port } = new URL(mqttUrl);
  const folder = join(pki, 'devices', station);
  const [ca, cert, key] = ['ca.crt', 'device.crt', 'device.key'].map((file) => readFileSync(join(folder, file)));
  if (!ca || !cert || !key) throw new Error(`${folder}: no certificate`);
  const socket = connect({ host: hostname, port: Number(port), ca, cert, key });
  await once(socket, 'secureConnect');
  socket.setNoDelay(true);
  return socket;
}

type Packets = { readonly stream: string; at(n: number): Uint8Array };

/** The publish packets of a new stream: so many ready, later ones made when they are asked for. */
function packetsOf({ readingsPerMessage, firstAtMs, prepared }: LoadJob, station: string): Packets {
  const stream = mintStreamId();
  const topic = topicOf(station, 'readings');
  const packetOf = (n: number): Buffer => {
    const readings = Array.from({ length: readingsPerMessage }, (_, i) =>
      readingOf(n * readingsPerMessage + i, firstAtMs),
    );
    const batch = { stream, boot: 'load', rev: 0, gauge: 'main', intervalS, maintenance: false, readings, lost: [] };
    const payload = Buffer.from(encodeReadings(batch));
    const messageId = (n % messageIds) + 1;
    return mqttPacket.generate({ cmd: 'publish', topic, payload, messageId, qos: 1, dup: false, retain: false });
  };
  const ready = Array.from({ length: prepared }, (_, n) => packetOf(n));
  return { stream, at: (n) => ready[n] ?? packetOf(n) };
}

/** A river that goes gently up and down, through the stations' bands. */
function readingOf(index: number, firstAtMs: number): Reading {
  return {
    seq: index + 1,
    observedAtMs: firstAtMs + index * stepMs,
    distanceMm: 2500 + Math.round(1200 * Math.sin(index / 300)),
    echo: 'seen',
    spreadMm: index % 5,
    validPercent: 100,
    temperatureDeciC: null,
    flag: 1,
    test: 'none',
    clock: 'synced',
  };
}
