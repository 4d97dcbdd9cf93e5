import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { encodeJson, topicOf } from '@siaga/protocol';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { generate, parser as mqttParser, type Packet } from 'mqtt-packet';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { caPaths, devicePaths, initPki, issueDeviceIn, issueServerIn, serverPaths } from '../fleet/pki/index.ts';
import { silentLog } from '../log.ts';
import { type Broker, type BrokerOptions, type DeviceMessage, startBroker } from './embedded.ts';
import type { Refusal } from './refusals.ts';

let dir: string;
let otherDir: string;
let broker: Broker;
let refused: Map<Refusal, number>;
let withheld: number;
let received: DeviceMessage[];
let receive: BrokerOptions['receive'];
let clients: { end: () => unknown }[];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'siaga-broker-'));
  otherDir = mkdtempSync(join(tmpdir(), 'siaga-broker-'));
  for (const folder of [dir, otherDir]) {
    await initPki(folder);
    await issueServerIn(folder);
  }
  for (const station of ['katulampa', 'depok', 'stranger']) await issueDeviceIn(dir, station);
  await issueDeviceIn(dir, 'expired', Date.now() - 800 * 86_400_000);
  await issueDeviceIn(otherDir, 'katulampa');
});
afterAll(() => {
  rmSync(dir, { recursive: true });
  rmSync(otherDir, { recursive: true });
});

beforeEach(async () => {
  refused = new Map();
  withheld = 0;
  received = [];
  receive = async (message) => {
    received.push(message);
  };
  clients = [];
  broker = await start();
});
afterEach(async () => {
  for (const client of clients) client.end();
  await broker.close();
});

function start(limits: BrokerOptions['limits'] = {}): Promise<Broker> {
  return startBroker({
    host: '127.0.0.1',
    port: 0,
    tls: {
      ca: readFileSync(caPaths(dir).cert, 'utf8'),
      cert: readFileSync(serverPaths(dir).cert, 'utf8'),
      key: readFileSync(serverPaths(dir).key, 'utf8'),
    },
    knows: (station) => ['katulampa', 'depok', 'expired'].includes(station),
    receive: (message) => receive(message),
    log: silentLog(),
    count: {
      refused: (refusal) => refused.set(refusal, (refused.get(refusal) ?? 0) + 1),
      withheld: () => {
        withheld += 1;
      },
    },
    limits,
  });
}

function credentials(station: string, folder = dir) {
  const paths = devicePaths(folder, station);
  return { cert: readFileSync(paths.cert), key: readFileSync(paths.key), ca: readFileSync(caPaths(dir).cert) };
}

function client(station: string, options: IClientOptions = {}): MqttClient {
  const made = mqtt.connect(`mqtts://127.0.0.1:${broker.port}`, {
    ...credentials(station),
    clientId: station,
    reconnectPeriod: 0,
    ...options,
  });
  made.on('error', () => {});
  clients.push({ end: () => made.end(true) });
  return made;
}

async function connected(station: string, options: IClientOptions = {}): Promise<MqttClient> {
  const made = client(station, options);
  await new Promise<void>((resolve, reject) => {
    made.once('connect', () => resolve());
    made.once('error', reject);
  });
  return made;
}

async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not within 10 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function closed(connection: MqttClient | TLSSocket): Promise<void> {
  return new Promise((resolve) => {
    (connection as NodeJS.EventEmitter).once('close', () => resolve());
  });
}

/** A raw TLS connection of a known station. */
async function raw(station = 'depok'): Promise<TLSSocket> {
  const socket = connectTls({ host: '127.0.0.1', port: broker.port, ...credentials(station) });
  socket.on('error', () => {});
  clients.push({ end: () => socket.destroy() });
  await once(socket, 'secureConnect');
  return socket;
}

function connectPacket(clientId: string): Buffer {
  return generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    clientId,
    keepalive: 60,
  });
}

/** Another station's publish goes through: what befell the one hurts nobody else. */
async function restGoesOn(): Promise<void> {
  const other = await connected('katulampa');
  await other.publishAsync(topicOf('katulampa', 'health'), 'fine', { qos: 1 });
  expect(received.at(-1)?.station).toBe('katulampa');
}

describe('who may connect', () => {
  test('a station with its certificate, and its message is acknowledged', async () => {
    const station = await connected('katulampa');
    await station.publishAsync(topicOf('katulampa', 'readings'), Buffer.from('{}'), { qos: 1 });
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({ station: 'katulampa', kind: 'readings' });
    expect(Buffer.from(received[0]?.payload ?? []).toString()).toBe('{}');
    expect([...broker.connected()]).toEqual(['katulampa']);
    expect(refused.size).toBe(0);
  });

  test.each([
    ['no-certificate', 'katulampa', { cert: undefined, key: undefined }],
    ['foreign-certificate', 'katulampa', 'other'],
    ['expired-certificate', 'expired', {}],
    ['client-id', 'katulampa', { clientId: 'depok' }],
    ['unknown-station', 'stranger', {}],
    ['foreign-will', 'katulampa', { will: { topic: topicOf('depok', 'health'), payload: Buffer.from(''), qos: 1 } }],
    ['protocol-version', 'katulampa', { protocolVersion: 3, protocolId: 'MQIsdp' }],
    ['keep-alive', 'katulampa', { keepalive: 0 }],
  ] as const)('refused: %s', async (reason, station, options) => {
    const made =
      options === 'other'
        ? client(station, credentials(station, otherDir))
        : client(station, options as IClientOptions);
    made.options.ca = readFileSync(caPaths(dir).cert);
    await closed(made);
    await until(() => refused.get(reason) === 1, `${reason} counted, got ${JSON.stringify([...refused])}`);
    expect(refused.size).toBe(1);
    expect(broker.connected().size).toBe(0);
    await restGoesOn();
  });

  test('the device is told that it is not authorised', async () => {
    const made = client('stranger');
    const error = await new Promise<Error>((resolve) => made.once('error', resolve));
    expect(error.message).toContain('Not authorized');
  });

  test('the same station again replaces the older connection', async () => {
    const older = await connected('katulampa');
    const ended = closed(older);
    const newer = await connected('katulampa');
    await ended;
    expect(refused.get('replaced')).toBe(1);
    await newer.publishAsync(topicOf('katulampa', 'health'), 'x', { qos: 1 });
    expect([...broker.connected()]).toEqual(['katulampa']);
  });
});

describe('what it may say and hear', () => {
  test.each([
    topicOf('katulampa', 'readings'),
    topicOf('depok', 'receipt'),
    topicOf('depok', 'command'),
    'flood/v1/depok/readings/more',
    '$SYS/x',
    'a'.repeat(60_000),
    'a/'.repeat(30_000),
  ])('a publish on another topic (%#) closes the connection without a PUBACK', async (topic) => {
    const station = await connected('depok');
    const ended = closed(station);
    let acknowledged = false;
    station.publish(topic, 'x', { qos: 1 }, (error) => {
      acknowledged = error === undefined || error === null;
    });
    await ended;
    await until(() => refused.size === 1, 'a refusal counted');
    expect(acknowledged).toBe(false);
    expect(received).toHaveLength(0);
    await restGoesOn();
  });

  test.each([topicOf('katulampa', 'receipt'), topicOf('depok', 'readings'), 'flood/v1/+/receipt', '#', '$SYS/#'])(
    'a subscription to %s closes the connection',
    async (topic) => {
      const station = await connected('depok');
      const ended = closed(station);
      station.subscribe(topic, { qos: 1 }, () => {});
      await ended;
      await until(() => refused.get('foreign-subscribe') === 1, 'foreign-subscribe counted');
      await restGoesOn();
    },
  );

  test('receipts and commands reach the station that asked for them, and no other', async () => {
    const [station, other] = [await connected('depok'), await connected('katulampa')];
    const heard: string[] = [];
    station.on('message', (topic, payload) => heard.push(`${topic} ${payload}`));
    other.on('message', (topic) => heard.push(topic));
    await station.subscribeAsync([topicOf('depok', 'receipt'), topicOf('depok', 'command')], { qos: 1 });
    await broker.channel.send('depok', 'receipt', encodeJson({ n: 1 }));
    await until(() => heard.length === 1, 'receipt');
    await broker.channel.send('depok', 'command', encodeJson({ n: 2 }));
    await broker.channel.send('katulampa', 'receipt', encodeJson({ n: 3 }));
    await broker.channel.send('nobody', 'receipt', encodeJson({ n: 4 }));
    await until(() => heard.length === 2, 'command');
    await other.publishAsync(topicOf('katulampa', 'health'), 'x', { qos: 1 });
    expect(heard).toEqual(['flood/v1/depok/receipt {"n":1}', 'flood/v1/depok/command {"n":2}']);
  });

  test('they leave with QoS 1; what a device does not acknowledge is neither held back nor kept for its return', async () => {
    const paths = devicePaths(dir, 'depok');
    const deaf = connectTls({
      port: broker.port,
      host: '127.0.0.1',
      ca: readFileSync(caPaths(dir).cert),
      cert: readFileSync(paths.cert),
      key: readFileSync(paths.key),
      servername: 'localhost',
    });
    clients.push({ end: () => deaf.destroy() });
    const packets: Packet[] = [];
    const parser = mqttParser();
    parser.on('packet', (packet) => packets.push(packet));
    deaf.on('data', (bytes) => parser.parse(bytes));
    await once(deaf, 'secureConnect');
    const topic = topicOf('depok', 'receipt');
    const connect = { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, keepalive: 60 } as const;
    deaf.write(generate({ ...connect, clientId: 'depok', clean: false }));
    deaf.write(generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 1 }] }));
    await until(() => packets.some(({ cmd }) => cmd === 'suback'), 'suback');
    for (let n = 0; n < 200; n += 1) {
      await broker.channel.send('depok', 'receipt', encodeJson({ n }));
      await until(() => packets.length === 3 + n, `receipt ${n}`);
    }
    expect(new Set(packets.slice(2).map((packet) => packet.cmd === 'publish' && packet.qos))).toEqual(new Set([1]));
    deaf.destroy();
    await until(() => broker.connected().size === 0, 'gone');
    await broker.channel.send('depok', 'receipt', encodeJson({ n: 'while it was gone' }));

    let present: boolean | undefined;
    const back = client('depok', { clean: false });
    back.once('connect', (connack) => {
      present = connack.sessionPresent;
    });
    const heard: string[] = [];
    back.on('message', (_topic, payload) => heard.push(String(payload)));
    await until(() => present !== undefined, 'back');
    await back.subscribeAsync(topic, { qos: 1 });
    await broker.channel.send('depok', 'receipt', encodeJson({ n: 'new' }));
    await until(() => heard.length > 0, 'the new receipt');
    expect([present, heard]).toEqual([false, ['{"n":"new"}']]);
  });

  test.each([0, 1, 2] as const)('takes QoS %i, retained or not, once', async (qos) => {
    const station = await connected('depok');
    await station.publishAsync(topicOf('depok', 'about'), 'x', { qos, retain: true });
    await until(() => received.length === 1, 'received');
    await station.publishAsync(topicOf('depok', 'about'), 'y', { qos: 1 });
    expect(received.map(({ payload }) => Buffer.from(payload).toString())).toEqual(['x', 'y']);
  });

  test('an empty payload is handed on like any other', async () => {
    const station = await connected('depok');
    await station.publishAsync(topicOf('depok', 'about'), '', { qos: 1 });
    expect(received[0]?.payload.byteLength).toBe(0);
  });

  test('a last will arrives when the connection is cut, and not when it is ended well', async () => {
    const will = { topic: topicOf('depok', 'health'), payload: Buffer.from('gone'), qos: 1 as const, retain: false };
    const cut = await connected('depok', { will });
    cut.stream.destroy();
    await until(() => received.length === 1, 'will');
    expect(received[0]).toMatchObject({ station: 'depok', kind: 'health' });
    const polite = await connected('depok', { will });
    await polite.endAsync();
    await restGoesOn();
    expect(received.filter(({ station }) => station === 'depok')).toHaveLength(1);
  });
});

describe('the acknowledgement', () => {
  test('comes after the commit, and one station’s wait holds up no other', async () => {
    let commit = () => {};
    const held = new Promise<void>((resolve) => {
      commit = resolve;
    });
    receive = async (message) => {
      received.push(message);
      if (message.station === 'depok') await held;
    };
    const station = await connected('depok');
    let acknowledged = 0;
    for (let i = 0; i < 5; i++)
      station.publish(topicOf('depok', 'readings'), `${i}`, { qos: 1 }, () => {
        acknowledged += 1;
      });
    await until(() => received.length === 5, 'all five received while none is committed');
    await restGoesOn();
    expect(acknowledged).toBe(0);
    commit();
    await until(() => acknowledged === 5, 'five acknowledgements');
  });

  test('is withheld when the message could not be kept, and the device is sent off to try again', async () => {
    await broker.close();
    broker = await start({ withheldMs: 50 });
    receive = async () => {
      throw new Error('disk full');
    };
    const station = await connected('depok');
    let acknowledged = false;
    station.publish(topicOf('depok', 'readings'), 'x', { qos: 1 }, (error) => {
      acknowledged = !error;
    });
    await closed(station);
    expect(acknowledged).toBe(false);
    expect(withheld).toBe(1);
  });

  test('closing waits for the commit in flight', async () => {
    let commit: (() => void) | undefined;
    let committed = false;
    receive = () =>
      new Promise((resolve) => {
        commit = () => {
          committed = true;
          resolve();
        };
      });
    const station = await connected('depok');
    station.publish(topicOf('depok', 'readings'), 'x', { qos: 1 }, () => {});
    await until(() => commit !== undefined, 'commit begun');
    const closing = broker.close().then(() => committed);
    commit?.();
    expect(await closing).toBe(true);
    expect(broker.listening()).toBe(false);
  });
});

describe('bytes', () => {
  test('a header that declares 50 MB ends the connection', async () => {
    const socket = await raw();
    socket.write(connectPacket('depok'));
    await once(socket, 'data');
    const ended = closed(socket);
    socket.write(Buffer.concat([Buffer.from('3280808019', 'hex'), Buffer.alloc(4096)]));
    await ended;
    await until(() => refused.get('packet-too-large') === 1, 'packet-too-large counted');
    await restGoesOn();
  });

  test('50 MB in earnest are cut off and hurt nobody', async () => {
    const station = await connected('depok');
    const ended = closed(station);
    const payload = Buffer.alloc(50 * 1024 * 1024);
    station.publish(topicOf('depok', 'readings'), payload, { qos: 1 }, () => {});
    await ended;
    await until(() => refused.get('packet-too-large') === 1, 'packet-too-large counted');
    expect(received).toHaveLength(0);
    await restGoesOn();
  });

  test.each([
    ['not-mqtt', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['not-mqtt', Buffer.from('c000', 'hex')],
    ['packet-malformed', Buffer.from('100c00044d5154540402003c0001', 'hex')],
  ] as const)('%s before CONNECT ends the connection', async (reason, bytes) => {
    const socket = await raw();
    const ended = closed(socket);
    socket.write(bytes);
    socket.resume();
    await ended;
    await until(() => refused.get(reason) === 1, `${reason} counted, got ${JSON.stringify([...refused])}`);
    await restGoesOn();
  });

  test('random bytes after CONNECT never bring the broker down', async () => {
    let seed = 7;
    const random = () => {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      return (seed >> 16) & 0xff;
    };
    for (let round = 0; round < 30; round++) {
      const socket = await raw();
      socket.write(connectPacket('depok'));
      await once(socket, 'data');
      socket.end(Buffer.from(Array.from({ length: 200 }, random)));
      socket.resume();
      await closed(socket);
    }
    await restGoesOn();
  });

  test('silence and trickles are cut', async () => {
    await broker.close();
    broker = await start({ connectMs: 50, packetMs: 50 });
    const silent = await raw();
    silent.resume();
    await closed(silent);
    await until(() => refused.get('connect-timeout') === 1, 'connect-timeout counted');

    const slow = await raw();
    slow.write(connectPacket('depok'));
    await once(slow, 'data');
    slow.resume();
    const ended = closed(slow);
    slow.write(Buffer.from('32ff01', 'hex'));
    const trickle = setInterval(() => slow.writable && slow.write('a'), 10);
    await ended;
    clearInterval(trickle);
    await until(() => refused.get('packet-timeout') === 1, 'packet-timeout counted');
    await restGoesOn();
  });
});
