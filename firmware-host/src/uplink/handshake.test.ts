/** What happens before MQTT: ALPN, and certificates whose dates the device's clock cannot judge. Both kinds of uplink. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createPki, type Pki, writeCredentials } from '../testing/broker.ts';
import { until } from '../testing/builders.ts';
import { type Mosquitto, startMosquitto } from '../testing/mosquitto.ts';
import { terminateTls } from '../testing/terminator.ts';
import { type DeviceTime, trustedClock } from './device-time.ts';
import { targetOf } from './target.ts';
import { startUplink } from './uplink.contract.ts';

const station = 'katulampa';
const dayMs = 86_400_000;
const longLived = { notBefore: new Date(Date.now() - 400 * dayMs), notAfter: new Date(Date.now() + 1_000 * dayMs) };
const root = mkdtempSync(join(tmpdir(), 'siaga-handshake-'));
const ending: (() => Promise<unknown>)[] = [];
let pki: Pki;
let broker: Mosquitto;
beforeAll(async () => {
  pki = await createPki(longLived);
  broker = await startMosquitto(pki, join(root, 'broker'));
});
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});
afterAll(async () => {
  await broker.close();
  rmSync(root, { recursive: true, force: true });
});

let folders = 0;
type Door = { alpn?: string[]; pki?: Pki; validity?: { notBefore?: Date; notAfter?: Date } };

/** A broker behind a TLS of the test's making, and a way to it. */
async function door({ alpn, pki: theirs = pki, validity }: Door) {
  const { cert, key } = validity ? await theirs.issueServer(validity) : theirs.server;
  const { ca } = theirs;
  const terminator = await terminateTls({ ca, cert, key, ...(alpn ? { ALPNProtocols: alpn } : {}) }, broker.plainPort);
  ending.push(() => terminator.close());
  const credentials = await writeCredentials(theirs, station, join(root, String(++folders)));
  return { terminator, way: { ...credentials, url: `mqtts://localhost:${terminator.port}` } };
}

it('asks for MQTT by ALPN on port 443, and on others only if told to', () => {
  expect(targetOf({ url: 'mqtts://h' })).toEqual({ host: 'h', port: 8883, alpn: null });
  expect(targetOf({ url: 'mqtts://h:443' })).toEqual({ host: 'h', port: 443, alpn: 'x-amzn-mqtt-ca' });
  expect(targetOf({ url: 'mqtts://[::1]:8884', alpn: 'mqtt' })).toEqual({ host: '::1', port: 8884, alpn: 'mqtt' });
});

describe.each(['mqtt', 'aws-iot'] as const)('%s', (kind) => {
  const start = (way: Awaited<ReturnType<typeof door>>['way'], time: DeviceTime = trustedClock, alpn?: string) =>
    startUplink(station, { kind, ...way, ...(alpn ? { alpn } : {}) }, { time }, ending);
  const connected = (one: ReturnType<typeof start>) =>
    until('a connection', () => {
      const trouble = one.uplink.trouble();
      if (trouble !== null) throw new Error(trouble);
      return one.uplink.connected();
    });
  const reason = async (one: ReturnType<typeof start>) => {
    await until('a reason', () => one.uplink.trouble() !== null);
    return one.uplink.trouble();
  };

  it('is let in by a server that goes by ALPN', async () => {
    const { terminator, way } = await door({ alpn: ['http/1.1', 'x-amzn-mqtt-ca'] });
    const one = start(way, trustedClock, 'x-amzn-mqtt-ca');
    await connected(one);
    await one.uplink.publish('readings', new TextEncoder().encode('r'));
    expect(terminator.protocols).toEqual(['x-amzn-mqtt-ca']);
  });
  it('asks for nothing where ALPN is not wanted', async () => {
    const { terminator, way } = await door({ alpn: ['http/1.1'] });
    await connected(start(way));
    expect(terminator.protocols).toEqual([null]);
  });
  it('says that a server speaks something else', async () => {
    const { way } = await door({ alpn: ['http/1.1'] });
    expect(await reason(start(way, trustedClock, 'x-amzn-mqtt-ca'))).toMatch(/speaks TLS but not MQTT/);
  });

  // 22 months before the certificate was made: a device that woke up with the time of its last summer.
  const early = { notBefore: new Date(Date.now() + 660 * dayMs), notAfter: new Date(Date.now() + 700 * dayMs) };
  const doubting = (earliestMs: number): DeviceTime => ({ clockTrusted: () => false, earliestMs: () => earliestMs });

  it('comes through with a clock that is 22 months slow and known to be doubtful', async () => {
    const { way } = await door({ validity: early });
    const one = start(way, doubting(Date.now()));
    await connected(one);
    await one.uplink.publish('readings', new TextEncoder().encode('r'));
  });
  it('does not, where the clock is trusted', async () => {
    const { way } = await door({ validity: early });
    expect(await reason(start(way))).toMatch(/not valid by this device's clock/);
  });
  it('does not, where the certificate ended before the earliest possible time', async () => {
    const { way } = await door({
      validity: { notBefore: new Date(Date.now() - 20 * dayMs), notAfter: new Date(Date.now() - 10 * dayMs) },
    });
    expect(await reason(start(way, doubting(Date.now() - 5 * dayMs)))).toMatch(/expired on .* at the earliest/);
    const { way: again } = await door({
      validity: { notBefore: new Date(Date.now() - 20 * dayMs), notAfter: new Date(Date.now() - 10 * dayMs) },
    });
    await connected(start(again, doubting(Date.now() - 15 * dayMs)));
  });
  it('does not, where another CA signed it', async () => {
    const { way } = await door({ pki: await createPki(longLived), validity: early });
    const ours = await writeCredentials(pki, station, join(root, String(++folders)));
    expect(await reason(start({ ...ours, url: way.url }, doubting(0)))).toMatch(/not signed by uplink\.ca/);
  });
  it('does not, where it is for another name', async () => {
    const { terminator, way } = await door({ validity: early });
    const one = start({ ...way, url: `mqtts://ip6-localhost.invalid:${terminator.port}` }, doubting(0));
    expect(await reason(one)).toMatch(/name/);
    const issued = await pki.issue('localhost', early);
    const other = await terminateTls({ ca: pki.ca, ...issued }, broker.plainPort);
    ending.push(() => other.close());
    const two = start({ ...way, url: `mqtts://127.0.0.1:${other.port}` }, doubting(0));
    expect(await reason(two)).toMatch(/for another name/);
  });
});

it('reaches a Basic Ingest rule by its topic, and hears what the broker refuses', async () => {
  const credentials = await writeCredentials(pki, station, join(root, String(++folders)));
  const way = { kind: 'aws-iot', url: `mqtts://localhost:${broker.port}`, ...credentials } as const;
  const one = startUplink(station, { ...way, basicIngestRule: 'ingest' }, {}, ending);
  await until('connected', () => one.uplink.connected());
  await one.uplink.publish('readings', new TextEncoder().encode('by rule'));
  await until('there', () =>
    broker.published.some(({ topic }) => topic === `$aws/rules/ingest/flood/v1/${station}/readings`),
  );
  await one.uplink.close();
  const two = startUplink(station, { ...way, basicIngestRule: 'another' }, {}, ending);
  await until('connected', () => two.uplink.connected());
  await expect(two.uplink.publish('readings', new TextEncoder().encode('no'))).rejects.toMatchObject({
    code: 'uplink-refused',
    message: expect.stringMatching(/does not let this station do that/),
  });
});
