import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { decodeProvisionAnswer, encodeJson, type ProvisionAnswer, provisionTopic, topicOf } from '@siaga/protocol';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { generate } from 'mqtt-packet';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readCertificates, showNewCertificates } from '../certificates.ts';
import { allow } from '../fleet/pki/allowances.ts';
import {
  caPaths,
  claimPaths,
  devicePaths,
  initPki,
  issueClaimIn,
  issueDeviceIn,
  issueServerIn,
  openPkiKeeper,
  type PkiKeeper,
  serverPaths,
} from '../fleet/pki/index.ts';
import { revokeIn } from '../fleet/pki/revoke.ts';
import { makeRequest } from '../fleet/pki/testing.ts';
import { silentLog } from '../log.ts';
import { type Broker, type BrokerLimits, type DeviceMessage, startBroker } from './embedded.ts';
import type { Refusal } from './refusals.ts';

let dir: string;
let keeper: PkiKeeper;
let broker: Broker;
let received: DeviceMessage[];
let refused: Map<Refusal, number>;
let clients: { end: () => unknown }[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'siaga-provision-'));
  [received, refused, clients] = [[], new Map(), []];
  await initPki(dir);
  await issueServerIn(dir);
  await issueClaimIn(dir, 'depot');
  await issueDeviceIn(dir, 'katulampa');
  await open();
});
afterEach(async () => {
  for (const client of clients) client.end();
  await broker.close();
  await keeper.close();
  rmSync(dir, { recursive: true });
});

async function open(limits: Partial<BrokerLimits> = {}): Promise<void> {
  const knows = (station: string) => ['katulampa', 'depok'].includes(station);
  const log = silentLog();
  keeper = await openPkiKeeper({
    dir,
    knows,
    log,
    onRevoked: () => broker?.cutRevoked(),
    onServerChanged: () => showNewCertificates(broker, dir, log),
    everyMs: 100,
  });
  broker = await startBroker({
    host: '127.0.0.1',
    port: 0,
    tls: readCertificates(dir),
    knows,
    receive: async (message) => void received.push(message),
    revoked: keeper.revoked,
    seen: keeper.seen,
    provision: keeper.desk,
    log,
    count: { refused: (refusal) => refused.set(refusal, (refused.get(refusal) ?? 0) + 1), withheld: () => {} },
    limits,
  });
}

type Credentials = { cert: Buffer | string; key: Buffer | string };
const ca = () => readFileSync(caPaths(dir).cert);
const filesOf = (paths: { cert: string; key: string }): Credentials => ({
  cert: readFileSync(paths.cert),
  key: readFileSync(paths.key),
});
const claimed = () => filesOf(claimPaths(dir, 'depot'));
const device = (station = 'katulampa') => filesOf(devicePaths(dir, station));

function client(clientId: string, own: Credentials, options: IClientOptions = {}): MqttClient {
  const url = `mqtts://127.0.0.1:${broker.port}`;
  const made = mqtt.connect(url, { ca: ca(), ...own, clientId, reconnectPeriod: 0, ...options });
  made.on('error', () => {});
  clients.push({ end: () => made.end(true) });
  return made;
}

async function connected(clientId: string, own: Credentials, options: IClientOptions = {}): Promise<MqttClient> {
  const made = client(clientId, own, options);
  await new Promise<void>((resolve, reject) => {
    made.once('connect', () => resolve());
    made.once('error', reject);
    made.once('close', () => reject(new Error('closed')));
  });
  return made;
}

async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not within 10 s: ${what}, refused ${JSON.stringify([...refused])}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function closed(connection: MqttClient | TLSSocket): Promise<void> {
  return new Promise((resolve) => {
    (connection as NodeJS.EventEmitter).once('close', () => resolve());
  });
}

/** Asks over a connection, as a device does. */
async function ask(over: MqttClient, station: string, csr: string): Promise<ProvisionAnswer> {
  const answered = new Promise<ProvisionAnswer>((resolve, reject) => {
    over.once('message', (_topic, payload) => {
      const answer = decodeProvisionAnswer(payload);
      answer.ok ? resolve(answer.value) : reject(new Error(answer.reason));
    });
  });
  await over.subscribeAsync(provisionTopic(station, 'answer'), { qos: 1 });
  await over.publishAsync(provisionTopic(station, 'request'), requestWith(csr), { qos: 1 });
  return answered;
}

const requestWith = (csr: string) => Buffer.from(encodeJson({ v: 1, id: 'request-1', csr, hardware: null }));

async function provisioned(station: string): Promise<Credentials> {
  await allow(dir, station, { hardware: null, by: 'operator' });
  const { csr, keyPem } = await makeRequest(station);
  const over = await connected(`claim:depot:${station}`, claimed());
  const answer = await ask(over, station, csr);
  over.end(true);
  if (!answer.ok) throw new Error(answer.detail);
  return { cert: answer.certificate, key: keyPem };
}

describe('a claim certificate', () => {
  test('gets a station its own, with which it is a station', async () => {
    const own = await provisioned('depok');
    const station = await connected('depok', own);
    await station.publishAsync(topicOf('depok', 'health'), 'x', { qos: 1 });
    expect(received.map((message) => message.station)).toEqual(['depok']);
    expect([...broker.connected()]).toEqual(['depok']);
  });

  test.each([
    'depok',
    'claim:depot',
    'claim:other:depok',
    'claim:depot:',
    'claim:depot:DEPOK',
    'claim:depot:depok:x',
    '',
  ])('is let in under no other client id: %j', async (clientId) => {
    await closed(client(clientId, claimed()));
    await until(() => refused.get('client-id') === 1 || refused.get('packet-malformed') === 1, 'refused');
    expect(broker.connected().size).toBe(0);
  });

  test('leaves no last will', async () => {
    for (const topic of [topicOf('depok', 'health'), provisionTopic('depok', 'request')])
      await closed(client('claim:depot:depok', claimed(), { will: { topic, payload: Buffer.from('x'), qos: 1 } }));
    await until(() => refused.get('foreign-will') === 2, 'foreign-will');
    expect(received).toEqual([]);
  });

  test.each([
    ...(['readings', 'health', 'about', 'receipt', 'command'] as const).map((kind) => topicOf('depok', kind)),
    provisionTopic('katulampa', 'request'),
    provisionTopic('depok', 'answer'),
    `${provisionTopic('depok', 'request')}/more`,
    '$SYS/x',
    'claim:depot',
  ])('publishes nothing else: %s', async (topic) => {
    const over = await connected('claim:depot:depok', claimed());
    await over.subscribeAsync(provisionTopic('depok', 'answer'), { qos: 1 });
    const ended = closed(over);
    let acknowledged = false;
    over.publish(topic, 'x', { qos: 1 }, (error) => {
      acknowledged = !error;
    });
    await ended;
    await until(() => refused.get('foreign-publish') === 1, 'foreign-publish');
    expect([acknowledged, received]).toEqual([false, []]);
  });

  test('publishes nothing that is retained, and nothing before it listens', async () => {
    const { csr } = await makeRequest('depok');
    await allow(dir, 'depok', { hardware: null, by: 'operator' });
    const retained = await connected('claim:depot:depok', claimed());
    await retained.subscribeAsync(provisionTopic('depok', 'answer'), { qos: 1 });
    retained.publish(provisionTopic('depok', 'request'), requestWith(csr), { qos: 1, retain: true }, () => {});
    await closed(retained);
    const deaf = await connected('claim:depot:depok', claimed());
    deaf.publish(provisionTopic('depok', 'request'), requestWith(csr), { qos: 1 }, () => {});
    await closed(deaf);
    await until(() => refused.get('foreign-publish') === 2, 'foreign-publish');
    expect((await keeper.states(['depok']))[0]?.state).toBe('none');
  });

  test.each([
    provisionTopic('katulampa', 'answer'),
    provisionTopic('depok', 'request'),
    'siaga/provision/v1/+/answer',
    '#',
    topicOf('depok', 'receipt'),
    topicOf('depok', 'command'),
    topicOf('katulampa', 'readings'),
    '$SYS/#',
  ])('subscribes to nothing else: %s', async (topic) => {
    const over = await connected('claim:depot:depok', claimed());
    const ended = closed(over);
    over.subscribe(topic, { qos: 1 }, () => {});
    await ended;
    await until(() => refused.get('foreign-subscribe') === 1, 'foreign-subscribe');
  });

  test('hears no answer but its own, also from who listens under the same claim', async () => {
    await issueClaimIn(dir, 'other');
    const over = await connected('claim:other:depok', filesOf(claimPaths(dir, 'other')));
    const heard: string[] = [];
    over.on('message', (topic) => heard.push(topic));
    await over.subscribeAsync(provisionTopic('depok', 'answer'), { qos: 1 });
    await provisioned('depok');
    expect((await ask(over, 'depok', 'x')).ok).toBe(false);
    expect(heard).toHaveLength(1);
  });

  test('asks one thing at a time, and not for long', async () => {
    await broker.close();
    await keeper.close();
    await open({ provisionMs: 300, provisionMost: 2 });
    const idle = await connected('claim:depot:depok', claimed());
    await closed(idle);
    expect(refused.get('provision-limit')).toBe(1);
  });

  test('may fill half of the places to ask with, and leaves the other half to everybody else', async () => {
    await broker.close();
    await keeper.close();
    await open({ provisionMost: 4 });
    for (const station of ['depok', 'katulampa']) await connected(`claim:depot:${station}`, claimed());
    await closed(client('claim:depot:bendung', claimed()));
    await until(() => refused.get('provision-limit') === 1, 'a third under one claim');
    await issueClaimIn(dir, 'other');
    await connected('claim:other:depok', filesOf(claimPaths(dir, 'other')));
    await connected('katulampa:katulampa', device());
    await closed(client('claim:other:katulampa', filesOf(claimPaths(dir, 'other'))));
    await until(() => refused.get('provision-limit') === 2, 'a fifth at once');
  });

  test('asks a few times, then connects anew: asking without end would keep the platform busy', async () => {
    const over = await connected('claim:depot:depok', claimed());
    const ended = closed(over);
    let answers = 0;
    over.on('message', () => answers++);
    over.on('message', () => over.publish(provisionTopic('depok', 'request'), requestWith('x'), { qos: 1 }));
    await over.subscribeAsync(provisionTopic('depok', 'answer'), { qos: 1 });
    over.publish(provisionTopic('depok', 'request'), requestWith('x'), { qos: 1 });
    await ended;
    await until(() => refused.get('provision-limit') === 1, 'provision-limit');
    expect(answers).toBe(5);
  });

  test('is refused after its revocation, and cut', async () => {
    const over = await connected('claim:depot:depok', claimed());
    const ended = closed(over);
    const before = Date.now();
    await revokeIn(dir, 'claim:depot', { reason: 'stolen', by: 'operator' });
    await ended;
    expect(Date.now() - before).toBeLessThan(5000);
    await closed(client('claim:depot:depok', claimed()));
    await until(() => refused.get('revoked-certificate') === 2, 'revoked-certificate twice');
  });

  test('is refused after its end', async () => {
    await issueClaimIn(dir, 'old', 1, Date.now() - 3 * 86_400_000);
    await closed(client('claim:old:depok', filesOf(claimPaths(dir, 'old'))));
    await until(() => refused.get('expired-certificate') === 1, 'expired-certificate');
  });
});

describe('a station’s own certificate', () => {
  test('is renewed beside the station’s connection, which goes on; its use then shuts the old one out', async () => {
    const station = await connected('katulampa', device());
    const beside = await connected('katulampa:katulampa', device());
    const { csr, keyPem } = await makeRequest('katulampa');
    const answer = await ask(beside, 'katulampa', csr);
    if (!answer.ok) throw new Error(answer.detail);
    await station.publishAsync(topicOf('katulampa', 'health'), 'still here', { qos: 1 });
    expect(received).toHaveLength(1);
    const old = device();
    const fresh = { cert: answer.certificate, key: keyPem };
    // Trying it beside the connection is not its use: the old one must stay good until the device has switched.
    const tried = await connected('katulampa:katulampa', fresh);
    await tried.endAsync();
    await station.publishAsync(topicOf('katulampa', 'health'), 'still here', { qos: 1 });
    expect(received).toHaveLength(2);
    await connected('katulampa', fresh);
    await until(() => keeper.revoked(new X509Certificate(old.cert).serialNumber), 'the old one revoked');
    await closed(client('katulampa', old));
    await until(() => (refused.get('revoked-certificate') ?? 0) >= 1, 'the old one refused');
    expect([...broker.connected()]).toEqual(['katulampa']);
  });

  test('asks for no other station, and its ordinary connection for none', async () => {
    await closed(client('katulampa:depok', device()));
    await until(() => refused.get('client-id') === 1, 'client-id');
    const station = await connected('katulampa', device());
    station.subscribe(provisionTopic('katulampa', 'answer'), { qos: 1 }, () => {});
    await closed(station);
    await until(() => refused.get('foreign-subscribe') === 1, 'foreign-subscribe');
    const again = await connected('katulampa', device());
    again.publish(provisionTopic('katulampa', 'request'), 'x', { qos: 1 }, () => {});
    await closed(again);
    await until(() => refused.get('foreign-publish') === 1, 'foreign-publish');
  });

  test('is cut within seconds when it is revoked, its last will unheard, and refused from then on', async () => {
    const will = { topic: topicOf('katulampa', 'health'), payload: Buffer.from('forged'), qos: 1 as const };
    const station = await connected('katulampa', device(), { will });
    const ended = closed(station);
    const before = Date.now();
    await revokeIn(dir, 'katulampa', { reason: 'stolen', by: 'operator' });
    await ended;
    expect(Date.now() - before).toBeLessThan(5000);
    await closed(client('katulampa', device()));
    await until(() => refused.get('revoked-certificate') === 2, 'revoked-certificate twice');
    expect(received).toEqual([]);
    expect(broker.connected().size).toBe(0);
  });

  test('is refused also to a connection that resumes an earlier one', async () => {
    const options = { host: '127.0.0.1', port: broker.port, ca: ca(), ...device(), servername: 'localhost' };
    const first = connectTls(options);
    clients.push({ end: () => first.destroy() });
    first.on('error', () => {});
    const ticket = new Promise<Buffer>((resolve) => {
      first.once('session', resolve);
    });
    const connect = generate({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      clientId: 'katulampa',
      keepalive: 60,
    });
    first.write(connect);
    await once(first, 'data');
    const session = await ticket;
    const ended = closed(first);
    await revokeIn(dir, 'katulampa', { reason: 'stolen', by: 'operator' });
    await ended;
    const again = connectTls({ ...options, session });
    clients.push({ end: () => again.destroy() });
    again.on('error', () => {});
    await once(again, 'secureConnect');
    expect(again.isSessionReused()).toBe(true);
    again.write(connect);
    const [connack] = (await once(again, 'data')) as [Buffer];
    expect(connack[3]).toBe(5);
  });
});

test('another server certificate is shown without a restart, and a half-written pair is not', async () => {
  const standing = await connected('katulampa', device());
  const shown = async () => {
    const socket = connectTls({ host: '127.0.0.1', port: broker.port, ca: ca(), ...device() });
    socket.on('error', () => {});
    clients.push({ end: () => socket.destroy() });
    await once(socket, 'secureConnect');
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  };
  const before = await shown();
  const { cert, key } = serverPaths(dir);
  const made = join(dir, 'elsewhere');
  cpSync(join(dir, 'ca'), join(made, 'ca'), { recursive: true });
  await issueServerIn(made, ['new.example']);
  const newCert = readFileSync(serverPaths(made).cert);
  copyFileSync(serverPaths(made).key, key);
  await keeper.look();
  expect(await shown()).toBe(before);
  writeFileSync(cert, newCert);
  await keeper.look();
  expect(await shown()).toBe(new X509Certificate(newCert).serialNumber);
  writeFileSync(key, 'nonsense');
  await keeper.look();
  expect(await shown()).toBe(new X509Certificate(newCert).serialNumber);
  await standing.publishAsync(topicOf('katulampa', 'health'), 'x', { qos: 1 });
  expect(received).toHaveLength(1);
});
