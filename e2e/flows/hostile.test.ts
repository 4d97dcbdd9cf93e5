import { join } from 'node:path';
import { encodeReadings, topicOf } from '@siaga/protocol';
import { generate } from 'mqtt-packet';
import { expect, onTestFinished, test } from 'vitest';
import { accountFor } from '../harness/account.ts';
import { getJson, getMetric, getReadings } from '../harness/api.ts';
import { distinctMm, playBursts } from '../harness/bursts.ts';
import { writeCatalogue } from '../harness/catalogue.ts';
import { connectDevice, connectRaw, type Papers, papersOf, publishTo } from '../harness/device.ts';
import { eventually } from '../harness/eventually.ts';
import { openFlow } from '../harness/flow.ts';
import { makeCertificates, viewerToken } from '../harness/platform.ts';

/*
 * Devices that mean ill, or are broken, while a healthy one reports up to a hundred times a second. Each is refused or
 * its message quarantined, with a reason that is counted; the healthy one must not notice.
 */

const healthy = 'sehat';
const rogue = 'nakal';
/** Has a certificate of our authority, and no place in the catalogue. */
const stranger = 'asing';

const refusedMetric = 'siaga_refused_connections_total';
const quarantinedMetric = 'siaga_quarantined_total';

const good = {
  v: 1,
  stream: 'mmmmmmmmmmmmmmmm',
  boot: 'b1',
  seq: 1,
  rev: 0,
  gauge: 'main',
  intervalS: 60,
  t: [Date.UTC(2024, 0, 1)],
  d: [2500],
  echo: 0,
  spread: 0,
  valid: 100,
  flag: 1,
  test: 0,
  clock: 0,
};
const { v: _v, ...withoutVersion } = good;
const { stream: _stream, ...withoutStream } = good;

/** What to send as readings, and why it must not pass. */
const malformed: readonly (readonly [what: string, payload: string | Uint8Array])[] = [
  ['nothing', ''],
  ['no JSON', 'flood!'],
  ['half a JSON', JSON.stringify(good).slice(0, 40)],
  ['bytes that are no text', Uint8Array.from({ length: 200 }, (_, i) => 0x80 + (i % 0x40))],
  ['a zip', Uint8Array.from([0x50, 0x4b, 3, 4, 0, 0])],
  ['null', 'null'],
  ['a list', '[]'],
  ['a number', '42'],
  ['text', '"R1234"'],
  ['an empty object', '{}'],
  ['deep nesting', `${'['.repeat(50_000)}${']'.repeat(50_000)}`],
  ['no version', json(withoutVersion)],
  ['another version', json({ ...good, v: 2 })],
  ['no stream', json(withoutStream)],
  ['a stream of another form', json({ ...good, stream: '../../etc/passwd' })],
  ['seq 0', json({ ...good, seq: 0 })],
  ['seq −1', json({ ...good, seq: -1 })],
  ['a broken seq', json({ ...good, seq: 1.5 })],
  ['a seq beyond counting', json({ ...good, seq: 2 ** 53 })],
  ['a text as distance', json({ ...good, d: ['2500'] })],
  ['a distance of 200 m', json({ ...good, d: [200_000] })],
  ['a distance that adds up to 400 m', json({ ...good, t: [good.t[0], 1, 1], d: [90_000, 90_000, 90_000] })],
  ['more distances than times', json({ ...good, d: [2500, 1] })],
  ['a column of another length', json({ ...good, t: [good.t[0], 1000], d: [2500, 0], flag: [1, 1, 1] })],
  ['neither readings nor lost ranges', json({ ...good, t: [], d: [] })],
  ['1,001 readings', json({ ...good, t: Array(1001).fill(0), d: Array(1001).fill(0) })],
  ['a time before 1970', json({ ...good, t: [-1] })],
  ['a time after 2200', json({ ...good, t: [Date.UTC(2201, 0, 1)] })],
  ['an unknown flag', json({ ...good, flag: 5 })],
  ['an unknown echo', json({ ...good, echo: 9 })],
  ['a gauge of another form', json({ ...good, gauge: 'MAIN; DROP TABLE' })],
  ['an interval of 0', json({ ...good, intervalS: 0 })],
  ['a lost range that ends before it begins', json({ ...good, lost: [{ from: 9, to: 3 }] })],
  [
    '33 lost ranges',
    json({ ...good, lost: Array.from({ length: 33 }, (_, i) => ({ from: 2 * i + 1, to: 2 * i + 1 })) }),
  ],
  ['a field that nobody knows', json({ ...good, station: healthy })],
  ['a prototype', '{"__proto__":{"v":1}}'],
];

/** Well-formed, and still not to be taken: each with its own reason. */
const refusedReadings: readonly (readonly [what: string, reason: string, payload: () => Uint8Array])[] = [
  ['a gauge that the station has not', 'unknown-gauge', () => readings({ gauge: 'ghost', seq: 1 })],
  ['a time of tomorrow', 'time-ahead', () => readings({ seq: 2, observedAtMs: Date.now() + 86_400_000 })],
];

test('hostile and broken devices are refused with a reason; the healthy one goes on', async () => {
  const flow = openFlow('hostile');
  const platform = await flow.platform({
    catalogue: writeCatalogue(flow.folder, [{ id: healthy }, { id: rogue }]),
    stations: [healthy, rogue, stranger],
  });
  const { httpUrl, mqttUrl, pki } = platform;
  const otherPki = join(flow.folder, 'other-pki');
  makeCertificates(otherPki, [healthy]);

  const startedAtMs = Date.now();
  const line = await flow.line({ station: healthy });
  const agent = flow.agent({
    station: healthy,
    data: join(flow.folder, 'agent'),
    gauges: [line.settings],
    pki,
    mqttUrl,
  });
  await Promise.all([agent.lineOpen(), agent.connected()]);
  const play = playBursts(line.gauge, distinctMm, () => 10);
  flow.atEnd(() => play.stop());

  const papers = papersOf(pki, rogue);
  const device = async (station = rogue, its: Partial<Papers> = papers, options = {}) => {
    const client = await connectDevice(mqttUrl, station, its, options);
    onTestFinished(() => void client.end(true));
    return client;
  };
  let refusals = 0;
  /** Runs an attack and expects the reason to be counted for it. */
  async function refused(reason: string, attack: () => Promise<unknown>): Promise<void> {
    const label = `reason="${reason}"`;
    const before = await getMetric(httpUrl, refusedMetric, label);
    await attack();
    await eventually(`${reason} is counted`, async () => (await getMetric(httpUrl, refusedMetric, label)) > before);
    refusals += 1;
  }

  // Under a name that is not its own.
  await refused('foreign-publish', async () => {
    expect(await publishTo(await device(), topicOf(healthy, 'readings'), readings({ seq: 1 }))).toBe('closed');
  });
  await refused('foreign-publish', async () => {
    expect(await publishTo(await device(), topicOf(rogue, 'receipt'), '{}')).toBe('closed');
  });
  await refused('foreign-publish', async () => {
    expect(await publishTo(await device(), '$SYS/broker', 'x')).toBe('closed');
  });
  await refused('client-id', () => expect(device(healthy)).rejects.toThrow());
  await refused('foreign-will', () =>
    expect(
      device(rogue, papers, { will: { topic: topicOf(healthy, 'health'), payload: Buffer.from('{}'), qos: 1 } }),
    ).rejects.toThrow(),
  );
  for (const topic of [topicOf(healthy, 'receipt'), topicOf(healthy, 'readings'), 'flood/v1/+/receipt', '#', '$SYS/#'])
    await refused('foreign-subscribe', async () => {
      const client = await device();
      const heard: string[] = [];
      client.on('message', (from) => heard.push(from));
      await client.subscribeAsync(topic, { qos: 1 }).catch(() => undefined);
      expect(heard).toEqual([]);
    });

  // With papers that are not ours.
  await refused('no-certificate', () => expect(device(rogue, { ca: papers.ca })).rejects.toThrow());
  await refused('foreign-certificate', () =>
    expect(device(healthy, { ...papersOf(otherPki, healthy), ca: papers.ca })).rejects.toThrow(),
  );
  await refused('unknown-station', () => expect(device(stranger, papersOf(pki, stranger))).rejects.toThrow());

  // Too large, and no MQTT at all.
  const bytesSent = await (async () => {
    let sent = 0;
    await refused('packet-too-large', async () => {
      sent = await sendHugePacket(mqttUrl, papers);
    });
    return sent;
  })();
  expect(bytesSent).toBeLessThan(50_000_000);
  await refused('not-mqtt', async () => {
    const socket = await connectRaw(mqttUrl, papers);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await closed;
  });
  await refused('packet-malformed', async () => {
    const socket = await connectRaw(mqttUrl, papers);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(Buffer.concat([connectPacket(), Buffer.from([0xf0, 0x02, 0x00, 0x00])]));
    await closed;
  });

  // Messages that cannot be read are kept with their reason, and acknowledged: sending them again would help nobody.
  const sender = await device();
  for (const [what, payload] of malformed) {
    const before = await getMetric(httpUrl, quarantinedMetric, 'reason="malformed"');
    expect(await publishTo(sender, topicOf(rogue, 'readings'), payload), what).toBe('acknowledged');
    expect(await getMetric(httpUrl, quarantinedMetric, 'reason="malformed"'), what).toBe(before + 1);
  }
  for (const kind of ['health', 'about'] as const)
    expect(await publishTo(sender, topicOf(rogue, kind), '{"v":1}')).toBe('acknowledged');
  for (const [what, reason, payload] of refusedReadings) {
    const before = await getMetric(httpUrl, quarantinedMetric, `reason="${reason}"`);
    expect(await publishTo(sender, topicOf(rogue, 'readings'), payload()), what).toBe('acknowledged');
    expect(await getMetric(httpUrl, quarantinedMetric, `reason="${reason}"`), what).toBe(before + 1);
  }
  const { entries } = await getJson<{ entries: { station: string; reason: string; detail: string; count: number }[] }>(
    httpUrl,
    '/quarantine?limit=1000',
    viewerToken(platform),
  );
  const quarantined = entries.reduce((sum, { count }) => sum + count, 0);
  expect(quarantined).toBe(malformed.length + refusedReadings.length + 2);
  expect(entries.every(({ station, detail }) => station === rogue && detail.length > 0)).toBe(true);
  const nothing = await getReadings(httpUrl, rogue, '1970-01-01T00:00:00Z', '2100-01-01T00:00:00Z');
  expect(nothing).toEqual([]);

  // The healthy one: still on its first connection, each burst served once.
  await play.stop();
  await agent.storedAtLeast(play.count());
  const served = () =>
    getReadings(
      httpUrl,
      healthy,
      new Date(startedAtMs - 60_000).toISOString(),
      new Date(Date.now() + 60_000).toISOString(),
    );
  const account = async () => accountFor(line.ledger, agent.stored, await served());
  await eventually('every burst is served', async () => (await account()).unread.length === 0).catch(() => undefined);
  expect(await account()).toMatchObject({ lost: [], holes: [], twice: [], invented: [], torn: [], unread: [] });
  expect((await served()).length).toBe(play.count());
  expect(agent.program.lines.filter(({ msg }) => msg === 'connected')).toHaveLength(1);
  console.log(
    `hostile: ${refusals} connections refused, ${quarantined} messages quarantined, a 50 MB packet cut off after ${(bytesSent / 1e6).toFixed(1)} MB; ` +
      `healthy: ${play.count()} bursts, ${play.count()} readings, 0 lost`,
  );
});

/** Announces a publish of 50 MB and sends it until it is cut off; gives the bytes that the socket took. */
async function sendHugePacket(mqttUrl: string, papers: Papers): Promise<number> {
  const socket = await connectRaw(mqttUrl, papers);
  let closed = false;
  let goOn = () => {};
  socket.once('close', () => {
    closed = true;
    goOn();
  });
  socket.on('drain', () => goOn());
  const length = 50_000_000;
  const header = [0x32];
  for (let rest = length; rest > 0; rest >>>= 7) header.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
  socket.write(Buffer.concat([connectPacket(), Buffer.from(header)]));
  const chunk = Buffer.alloc(65_536, 0x20);
  for (let sent = 0; sent < length && !closed; sent += chunk.length)
    if (!socket.write(chunk))
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
  await eventually('the connection is ended', () => closed);
  return socket.bytesWritten;
}

function connectPacket(): Buffer {
  return generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clientId: rogue,
    clean: true,
    keepalive: 60,
  });
}

function readings({
  gauge = 'main',
  seq,
  observedAtMs = Date.UTC(2024, 0, 1),
}: {
  gauge?: string;
  seq: number;
  observedAtMs?: number;
}): Uint8Array {
  return encodeReadings({
    stream: good.stream,
    boot: 'b1',
    rev: 0,
    gauge,
    intervalS: 60,
    maintenance: false,
    readings: [
      {
        seq,
        observedAtMs,
        distanceMm: 2_000,
        echo: 'seen',
        spreadMm: 0,
        validPercent: 100,
        temperatureDeciC: null,
        flag: 1,
        test: 'none',
        clock: 'synced',
      },
    ],
    lost: [],
  });
}

function json(value: unknown): string {
  return JSON.stringify(value);
}
