import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  decodeReceipt,
  encodeJson,
  encodeReadings,
  mintStreamId,
  type Reading,
  type Receipt,
  steppedClock,
  topicOf,
} from '@siaga/protocol';
import mqtt, { type MqttClient } from 'mqtt';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Config, loadConfig } from './config.ts';
import { caPaths, devicePaths, initPki, issueDeviceIn, issueServerIn, serverPaths } from './fleet/pki/index.ts';
import { catalogueText } from './fleet/testing.ts';
import { type Platform, startPlatform } from './platform.ts';

let dir: string;
let config: Config;
let undo: (() => unknown)[];

beforeEach(async () => {
  undo = [];
  dir = mkdtempSync(join(tmpdir(), 'siaga-platform-'));
  writeFileSync(join(dir, 'siaga.yaml'), catalogueText);
  const loaded = loadConfig(
    { SIAGA_HTTP_PORT: '0', SIAGA_MQTT_PORT: '0', SIAGA_DATA: join(dir, 'data'), SIAGA_WEB: join(dir, 'web') },
    dir,
  );
  if (!loaded.ok) throw new Error(loaded.faults.join());
  config = loaded.config;
  await initPki(config.pkiDir);
  await issueServerIn(config.pkiDir);
  await issueDeviceIn(config.pkiDir, 'katulampa');
});
afterEach(async () => {
  for (const step of undo.reverse()) await step();
  rmSync(dir, { recursive: true });
});

async function start(over: Partial<Config> = {}): Promise<Platform> {
  const platform = await startPlatform({ ...config, ...over });
  undo.push(() => platform.stop());
  return platform;
}

async function device(platform: Platform): Promise<{ client: MqttClient; receipts: Receipt[] }> {
  const paths = devicePaths(config.pkiDir, 'katulampa');
  const client = mqtt.connect(platform.mqttUrl, {
    clientId: 'katulampa',
    ca: readFileSync(caPaths(config.pkiDir).cert),
    cert: readFileSync(paths.cert),
    key: readFileSync(paths.key),
    reconnectPeriod: 0,
  });
  client.on('error', () => {});
  undo.push(() => client.end(true));
  await new Promise((resolve) => client.once('connect', resolve));
  const receipts: Receipt[] = [];
  client.on('message', (_topic, payload) => {
    const receipt = decodeReceipt(payload);
    if (receipt.ok) receipts.push(receipt.value);
  });
  await client.subscribeAsync([topicOf('katulampa', 'receipt'), topicOf('katulampa', 'command')], { qos: 1 });
  return { client, receipts };
}

async function until<T>(look: () => T | undefined | Promise<T | undefined>, what: string): Promise<T> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`not within 10 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function get<T>(platform: Platform, path: string, headers: Record<string, string> = {}): Promise<T> {
  return (await fetch(`${platform.httpUrl}${path}`, { headers })).json() as Promise<T>;
}

/** Takes up the first account's link; what its session's requests carry. */
async function admin(platform: Platform): Promise<{ cookie: string }> {
  const link = readFileSync(join(config.dataDir, 'setup-link'), 'utf8').trim();
  const { origin, hash } = new URL(link);
  const answer = await fetch(`${platform.httpUrl}/api/v1/invites/accept`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: origin.replace('localhost', '127.0.0.1') },
    body: JSON.stringify({
      token: hash.slice('#welcome='.length),
      login: 'ratna',
      name: 'Ratna',
      password: 'three words by the river',
    }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return { cookie: answer.headers.getSetCookie()[0]?.split(';')[0] ?? '' };
}

const stream = mintStreamId();

function reading(seq: number, distanceMm: number): Reading {
  return {
    seq,
    observedAtMs: Date.now() - 1000 + seq,
    distanceMm,
    echo: 'seen',
    spreadMm: 2,
    validPercent: 100,
    temperatureDeciC: null,
    flag: 1,
    test: 'none',
    clock: 'synced',
  };
}

function readings(...all: Reading[]): Buffer {
  return Buffer.from(
    encodeReadings({
      stream,
      boot: 'b1',
      rev: 0,
      gauge: 'main',
      intervalS: 60,
      maintenance: false,
      readings: all,
      lost: [],
    }),
  );
}

test('a reading is acknowledged, receipted, judged, streamed and there after a restart', async () => {
  const first = await start();
  const { client, receipts } = await device(first);
  const answer = await fetch(`${first.httpUrl}/api/v1/stream`);
  let events = '';
  const following = (async () => {
    for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>)
      events += Buffer.from(chunk).toString();
  })().catch(() => {});

  await client.publishAsync(topicOf('katulampa', 'readings'), readings(reading(1, 3600)), { qos: 1 });

  const { features } = await until(async () => {
    const picture = await get<{ features: { properties: Record<string, unknown> }[] }>(first, '/api/v1/stations');
    return picture.features[0]?.properties.severity === 1 ? picture : undefined;
  }, 'the judgement');
  expect(features[0]?.properties).toMatchObject({ stageMm: 900, band: 'Siaga III', state: 'live', quality: 'good' });
  await until(() => (/"severity":1/.test(events) && /"stageMm":900/.test(events) ? true : undefined), 'the event');
  await until(() => receipts.find((receipt) => receipt.stream === stream && receipt.upTo === 1), 'the receipt');
  expect(await get(first, '/readyz')).toEqual({ status: 'ready', amiss: [] });
  expect((await get<{ devices: object[] }>(first, '/api/v1/fleet', await admin(first))).devices).toMatchObject([
    { station: 'depok', connected: false, visits: [{ code: 'never-heard' }, { code: 'certificate-none' }] },
    { station: 'katulampa', connected: true, certificate: { state: 'valid', allowedUntil: null } },
  ]);

  await first.stop();
  await following;
  const second = await start();
  const columns = await get<{ seq: number[]; stageMm: number[] }>(second, '/api/v1/stations/katulampa/readings');
  expect(columns).toMatchObject({ seq: [1], stageMm: [900] });
  const snapshot = await get<{ watermark: string | null; stations: { level: object }[] }>(second, '/api/v1/snapshot');
  expect(snapshot.stations[0]?.level).toMatchObject({ severity: 1 });
  expect(snapshot.watermark).not.toBeNull();
});

test('malformed payloads and conflicts are quarantined with reason and counter, told in receipts; the rest goes on', async () => {
  const platform = await start();
  const { client, receipts } = await device(platform);
  const publish = (payload: Buffer) => client.publishAsync(topicOf('katulampa', 'readings'), payload, { qos: 1 });
  await publish(Buffer.from(`{"v":1,"stream":"${stream}"`));
  const one = reading(1, 3600);
  await publish(readings(one));
  await publish(readings(one));
  await publish(readings({ ...one, distanceMm: 1 }));

  const { entries } = await get<{ entries: { reason: string; sha256: string }[] }>(
    platform,
    '/api/v1/quarantine',
    await admin(platform),
  );
  expect(entries.map(({ reason }) => reason).sort()).toEqual(['identity-conflict', 'malformed']);
  const told = await until(() => {
    const all = receipts.flatMap(({ rejected }) => rejected);
    return all.length === 2 ? all : undefined;
  }, 'receipts that tell both');
  expect(new Set(told.map(({ sha256 }) => sha256))).toEqual(new Set(entries.map(({ sha256 }) => sha256)));

  const metrics = await (await fetch(`${platform.httpUrl}/metrics`)).text();
  for (const line of [
    'siaga_messages_total{kind="readings"} 4',
    'siaga_readings_stored_total 1',
    'siaga_readings_duplicate_total 1',
    'siaga_quarantined_total{reason="malformed"} 1',
    'siaga_quarantined_total{reason="identity-conflict"} 1',
    'siaga_connected_devices 1',
  ])
    expect(metrics.split('\n')).toContain(line);
});

test('health is kept, and answered with where the stream stands', async () => {
  const platform = await start();
  const { client, receipts } = await device(platform);
  const health = {
    v: 1,
    state: 'online',
    connection: 1,
    at: '2026-01-01T00:00:00Z',
    boot: 'b1',
    stream,
    uptimeS: 1,
    clock: 'synced',
    maintenanceUntil: null,
    backlog: { count: 0, oldestAt: null },
    batteryMv: null,
    diskFreeBytes: null,
    gauges: [],
  };
  await client.publishAsync(topicOf('katulampa', 'health'), Buffer.from(encodeJson(health)), { qos: 1 });
  await until(() => receipts.find((receipt) => receipt.stream === stream && receipt.upTo === 0), 'the receipt');
  const { devices } = await get<{ devices: { station: string; health: unknown }[] }>(
    platform,
    '/api/v1/fleet',
    await admin(platform),
  );
  expect(devices.find(({ station }) => station === 'katulampa')?.health).toEqual(health);

  await client.publishAsync(topicOf('katulampa', 'readings'), 'nonsense', { qos: 1 });
  await client.endAsync();
  const back = await device(platform);
  const again = Buffer.from(encodeJson({ ...health, connection: 2 }));
  await back.client.publishAsync(topicOf('katulampa', 'health'), again, { qos: 1 });
  const told = (receipt: Receipt) => receipt.stream === stream && receipt.rejected.length > 0;
  const receipt = await until(() => back.receipts.find(told), 'what was rejected');
  expect(receipt).toMatchObject({ rejected: [{ reason: 'malformed' }] });
});

test('the console is served by HTTPS with a certificate of its own; its cookie and its links say so', async () => {
  const { cert, key } = serverPaths(config.pkiDir);
  const platform = await start({ tls: { certPath: cert, keyPath: key } });
  expect(platform.httpUrl).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  expect(readFileSync(join(config.dataDir, 'setup-link'), 'utf8')).toMatch(/^https:\/\/localhost:\d+\/#welcome=/);
  expect(statSync(join(config.dataDir, 'setup-link')).mode & 0o777).toBe(0o600);
  const [answer] = (await once(
    request(`${platform.httpUrl}/readyz`, { ca: readFileSync(caPaths(config.pkiDir).cert) }).end(),
    'response',
  )) as [IncomingMessage];
  answer.resume();
  expect(answer.statusCode).toBe(200);
  await expect(start({ tls: { certPath: cert, keyPath: join(dir, 'none.key') } })).rejects.toMatchObject({
    code: 'certificates-missing',
  });
});

test('a snapshot’s tag names this start, so that none of an earlier start is taken for the present', async () => {
  const tag = async (platform: Platform) => (await fetch(`${platform.httpUrl}/api/v1/snapshot`)).headers.get('etag');
  const first = await start();
  const before = await tag(first);
  expect(await tag(first)).toBe(before);
  await first.stop();
  expect(await tag(await start())).not.toBe(before);
});

test('a second platform that finds a port taken leaves the first one its store', async () => {
  const first = await start();
  const { client } = await device(first);
  const port = Number(new URL(first.mqttUrl).port);
  await expect(start({ mqttPort: port })).rejects.toMatchObject({ code: 'port-taken' });
  await client.publishAsync(topicOf('katulampa', 'readings'), readings(reading(1, 3600)), { qos: 1 });
  expect(await get(first, '/api/v1/stations/katulampa/readings')).toMatchObject({ seq: [1] });
});

test('a clock that stepped back is said, and no silent station is called live by it', async () => {
  const clock = steppedClock(Date.now());
  const first = await start({ clock });
  const { client } = await device(first);
  await client.publishAsync(topicOf('katulampa', 'readings'), readings(reading(1, 3600)), { qos: 1 });
  await client.endAsync();
  await first.stop();
  const second = await start({ clock: steppedClock(clock.now() - 3_600_000) });
  expect(await get(second, '/readyz')).toMatchObject({ amiss: [expect.stringMatching(/^clock: .*time-ahead/)] });
  const { features } = await get<{ features: { properties: object }[] }>(second, '/api/v1/stations');
  expect(features[0]?.properties).toMatchObject({ state: 'stale' });
});

test('rising water becomes one alarm for staff, told by snapshot and stream, and is the same one after a restart', async () => {
  type Open = { alarms: { id: string; station: string | null; rule: string; severity: number; version: number }[] };
  const first = await start();
  const { client } = await device(first);
  const session = await admin(first);
  const staff = await fetch(`${first.httpUrl}/api/v1/stream`, { headers: session });
  let events = '';
  const following = (async () => {
    for await (const chunk of staff.body as unknown as AsyncIterable<Uint8Array>)
      events += Buffer.from(chunk).toString();
  })().catch(() => {});
  const danger = [1, 2, 3].map((seq) => reading(seq, 2400));
  await client.publishAsync(topicOf('katulampa', 'readings'), readings(...danger), { qos: 1 });
  const levels = async (platform: Platform) =>
    (await get<Open>(platform, '/api/v1/alarms', session)).alarms.filter(({ rule }) => rule === 'level');
  const [alarm] = await until(async () => {
    const open = await levels(first);
    return open.length > 0 ? open : undefined;
  }, 'the alarm');
  expect(alarm).toMatchObject({ station: 'katulampa', severity: 3 });
  await until(() => (events.includes(`"id":"${alarm?.id}"`) ? true : undefined), 'the change');
  const snapshot = (headers = {}) => get<{ staff: Open | null }>(first, '/api/v1/snapshot', headers);
  expect((await snapshot()).staff).toBeNull();
  expect((await snapshot(session)).staff?.alarms.map(({ id }) => id)).toContain(alarm?.id);
  await first.stop();
  await following;

  const second = await start();
  expect((await levels(second)).map(({ id, version }) => [id, version])).toEqual([[alarm?.id, alarm?.version]]);
});

test.each(['SIAGA_HTTP_PORT', 'SIAGA_MQTT_PORT'] as const)('a taken port names itself and %s', async (variable) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  undo.push(() => other.close());
  const { port } = other.address() as { port: number };
  const key = variable === 'SIAGA_HTTP_PORT' ? 'httpPort' : 'mqttPort';
  const failed = start({ [key]: port });
  await expect(failed).rejects.toMatchObject({ code: 'port-taken' });
  await expect(failed).rejects.toThrow(new RegExp(`${port} on 127.0.0.1 is taken.*${variable}`));
  // Nothing was left open: the same store starts again.
  await start();
});

test('every other expected start fault has its code and says the mend', async () => {
  rmSync(join(config.pkiDir, 'server'), { recursive: true });
  await expect(start()).rejects.toThrow(/server\.crt is missing: make it with `siaga pki server --dir/);
  writeFileSync(join(dir, 'siaga.yaml'), 'stations: 3\nrivers: 4\n');
  const broken = await start().catch((error: Error) => error.message);
  expect(String(broken).split('\n').length).toBeGreaterThan(2);
  await expect(start({ cataloguePath: join(dir, 'none.yaml') })).rejects.toMatchObject({ code: 'catalogue-invalid' });
  writeFileSync(join(dir, 'siaga.yaml'), catalogueText);
  await issueServerIn(config.pkiDir);
  writeFileSync(join(dir, 'file'), '');
  await expect(start({ dataDir: join(dir, 'file', 'data') })).rejects.toMatchObject({ code: 'folder-unwritable' });
  writeFileSync(join(dir, 'no.db'), 'this is no database, whatever its name may say');
  await expect(start({ storeUrl: `sqlite:${join(dir, 'no.db')}` })).rejects.toMatchObject({ code: 'store-unusable' });
  writeFileSync(join(config.pkiDir, 'server', 'server.key'), 'nonsense');
  await expect(start()).rejects.toMatchObject({ code: 'certificates-invalid' });
});
