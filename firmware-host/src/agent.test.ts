import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  addRanges,
  coverageOf,
  decodeAbout,
  decodeHealth,
  decodeReadings,
  encodeJson,
  type Reading,
  type SeqRanges,
  systemClock,
} from '@siaga/protocol';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Agent, type AgentOptions, startAgent } from './agent.ts';
import type { AgentConfig } from './config.ts';
import { createPki, type Pki, startBroker, type TestBroker, writeCredentials } from './testing/broker.ts';
import { until } from './testing/builders.ts';
import { encodeA02Frame, encodeHrxlBanner, encodeHrxlFrame } from './testing/encoders.ts';
import { createFakeLink } from './testing/fake-link.ts';
import { openPty } from './testing/pty.ts';

const log = pino({ level: 'silent' });
const root = mkdtempSync(join(tmpdir(), 'siaga-agent-'));
const ending: (() => Promise<unknown>)[] = [];
let pki: Pki;
beforeAll(async () => {
  pki = await createPki();
});
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
const timing = { backOffFirstMs: 20, backOffMostMs: 100, ackMs: 300 };

async function broker(port = 0): Promise<TestBroker> {
  const one = await startBroker(pki, port);
  ending.push(() => one.close());
  return one;
}

async function configOf(port: string, one: TestBroker | null, station = 'katulampa'): Promise<AgentConfig> {
  const folder = join(root, String(++folders));
  const credentials = await writeCredentials(pki, station, folder);
  return {
    station,
    data: join(folder, 'data'),
    sampling: { intervalS: 60, pings: 5, trigger: 'burst' },
    gauges: [{ gauge: 'main', port, sensor: 'maxbotix-hrxl-wr', maxMm: 5000 }],
    uplink: one ? { url: `mqtts://127.0.0.1:${one.port}`, ...credentials } : null,
  };
}

async function start(config: AgentConfig, over: Partial<AgentOptions> = {}): Promise<Agent> {
  const agent = await startAgent({ config, clock: systemClock(), log, timing, ...over });
  ending.push(() => agent.stop());
  return agent;
}

const burstOf = (distanceMm: number) => Buffer.concat([-1, 0, 1, 0, 2].map((d) => encodeHrxlFrame(distanceMm + d)));
const distancesAt = (one: TestBroker, station = 'katulampa') =>
  one.published
    .filter(({ topic }) => topic === `flood/v1/${station}/readings`)
    .flatMap(({ payload }) => {
      const batch = decodeReadings(payload);
      return batch.ok ? batch.value.readings.map(({ distanceMm }) => distanceMm) : [];
    });
const healthAt = (one: TestBroker) =>
  one.published.flatMap(({ topic, payload }) => {
    const health = topic.endsWith('/health') ? decodeHealth(payload) : null;
    return health?.ok ? [health.value] : [];
  });

/** Answers as the platform does: a receipt of all that came. */
async function giveReceipt(one: TestBroker, station: string, version: number): Promise<void> {
  const settled = new Map<string, SeqRanges>();
  for (const { topic, payload } of one.published) {
    const batch = topic.endsWith('/readings') ? decodeReadings(payload) : null;
    if (!batch?.ok) continue;
    const { stream, readings } = batch.value;
    for (const { seq } of readings) settled.set(stream, addRanges(settled.get(stream) ?? [], [[seq, seq]]));
  }
  for (const [stream, ranges] of settled)
    await one.send(
      `flood/v1/${station}/receipt`,
      encodeJson({
        v: 1,
        storeId: 's',
        version,
        stream,
        ...coverageOf(ranges),
        nextReceiptS: 1,
        serverTime: '2014-01-30T00:00:00Z',
        rejected: [],
      }),
    );
}

describe('an agent', () => {
  it('brings a reading from a kernel tty over TLS to the broker, and frees it on the receipt', async () => {
    const [pty, one] = [await openPty(), await broker()];
    ending.push(() => pty.close());
    const told: [Reading, string][] = [];
    const agent = await start(await configOf(pty.path, one), { onStored: (...reading) => told.push(reading) });
    await until('connected and open', () => agent.status().connected && agent.status().gauges[0]?.link === 'open');
    await pty.write(encodeHrxlBanner('MB7389'));
    await pty.write(burstOf(1700));
    await until('published', () => distancesAt(one).length === 1);
    expect(distancesAt(one)).toEqual([1700]);
    expect(told).toMatchObject([[{ seq: 1, distanceMm: 1700, flag: 1, validPercent: 100, spreadMm: 1 }, 'main']]);
    await until('acknowledged', () => agent.status().acks === agent.status().publishes);
    expect(agent.status()).toMatchObject({ stored: 1, backlog: 0, settled: 0, frames: 7 });
    await giveReceipt(one, 'katulampa', 1);
    await until('settled', () => agent.status().settled === 1);
    const abouts = () => one.published.filter(({ topic }) => topic.endsWith('/about'));
    await until('told again what it is', () => abouts().length >= 2);
    const about = decodeAbout(abouts().at(-1)?.payload as Uint8Array);
    expect(about).toMatchObject({
      ok: true,
      value: { gauges: [{ gauge: 'main', minMm: 300, maxMm: 5000, blankingMm: 300 }] },
    });
    expect(about.ok && about.value.gauges[0]?.model).toContain('MB7389');
  });
  it('tells its health on connecting, and that it goes when it is stopped', async () => {
    const [link, one] = [createFakeLink(), await broker()];
    const agent = await start(await configOf('x', one), { openLink: link.open });
    await until('health', () => healthAt(one).length > 0);
    const { stream } = agent.status();
    expect(healthAt(one)[0]).toMatchObject({
      state: 'online',
      connection: 1,
      stream,
      backlog: { count: 0, oldestAt: null },
    });
    await agent.stop();
    expect(healthAt(one).at(-1)).toEqual({ v: 1, state: 'offline', connection: 1 });
  });
  it('keeps what it reads while the link is down; the newest goes first after it, none is missing', async () => {
    const [link, one] = [createFakeLink(), await broker()];
    const agent = await start(await configOf('x', one), { openLink: link.open });
    await until('connected', () => agent.status().connected);
    const { port } = one;
    await one.close();
    await until('noticed', () => !agent.status().connected);
    for (let i = 1; i <= 30; i++) link.write(burstOf(1000 + i));
    await until('stored', () => agent.status().stored === 30);
    const two = await broker(port);
    await until('all there', () => distancesAt(two).length >= 30);
    expect(distancesAt(two)[0]).toBe(1030);
    expect(distancesAt(two).toSorted()).toEqual(Array.from({ length: 30 }, (_, i) => 1001 + i));
    expect(agent.status()).toMatchObject({ connection: expect.any(Number), reconnects: 1, notStored: 0 });
    expect(healthAt(two)[0]).toMatchObject({ state: 'online' });
    expect(agent.status().connection).toBeGreaterThan(1);
  });
  it('leaves a connection that swallows PUBACKs, and sends again on the next', async () => {
    const [link, one] = [createFakeLink(), await broker()];
    const agent = await start(await configOf('x', one), { openLink: link.open });
    await until('connected', () => agent.status().connected);
    one.silent(true);
    link.write(burstOf(1500));
    await until('given up', () => agent.status().reconnects > 0 || !agent.status().connected);
    one.silent(false);
    await until('sent again', () => distancesAt(one).includes(1500));
    await until('acknowledged', () => agent.status().acks > 0);
  });
  it('its broken connection leaves the last will with its number', async () => {
    const [link, one] = [createFakeLink(), await broker()];
    const agent = await start(await configOf('x', one), { openLink: link.open });
    await until('connected', () => agent.status().connected);
    one.cut();
    await until('the will', () =>
      healthAt(one).some((health) => health.state === 'offline' && health.connection === 1),
    );
    await until('connected again', () => agent.status().connected && agent.status().connection === 2);
  });
  it('goes on with its numbers after a restart and sends what no receipt named', async () => {
    const [link, one] = [createFakeLink(), await broker()];
    const config = await configOf('x', one);
    const first = await start({ ...config, uplink: null }, { openLink: link.open });
    await until('open', () => first.status().gauges[0]?.link === 'open');
    link.write(burstOf(1100));
    link.write(burstOf(1200));
    await until('stored', () => first.status().stored === 2);
    const { stream } = first.status();
    await first.stop();
    const again = await start(config, { openLink: link.open });
    expect(again.status()).toMatchObject({ stream, lastSeq: 2, backlog: 2 });
    await until('sent', () => distancesAt(one).length === 2);
  });
  it('tells its health again when an old backlog has gone, without waiting for the next beat', async () => {
    const [link, one] = [createFakeLink(), await broker()];
    const config = await configOf('x', one);
    const anHourAgo = { ...systemClock(), now: () => Date.now() - 3_600_000 };
    const first = await start({ ...config, uplink: null }, { openLink: link.open, clock: anHourAgo });
    await until('open', () => first.status().gauges[0]?.link === 'open');
    for (let i = 0; i < 3; i++) link.write(burstOf(1100 + i));
    await until('stored', () => first.status().stored === 3);
    await first.stop();
    await start(config, { openLink: link.open });
    await until('health', () => healthAt(one).length > 0);
    expect(healthAt(one)[0]).toMatchObject({ backlog: { count: 3 } });
    await until('sent', () => distancesAt(one).length === 3);
    await giveReceipt(one, 'katulampa', 1);
    await until('told again', () =>
      healthAt(one).some((health) => health.state === 'online' && health.backlog.count === 0),
    );
  });
  it('obeys a re-send and refuses what it cannot do', async () => {
    const [link, one] = [createFakeLink(), await broker()];
    const agent = await start(await configOf('x', one), { openLink: link.open });
    await until('connected', () => agent.status().connected);
    link.write(burstOf(1300));
    await until('acknowledged', () => agent.status().acks === 1);
    await giveReceipt(one, 'katulampa', 1);
    await until('settled', () => agent.status().settled === 1);
    const command = (value: object) => one.send('flood/v1/katulampa/command', encodeJson({ v: 1, ...value }));
    await command({ id: 'a', act: 'cadence', intervalS: 5, forS: 60 });
    await command({ id: 'b', act: 'explode' });
    const { stream } = agent.status();
    for (const id of ['c', 'c']) await command({ id, act: 'resend', stream, from: 1, to: 1 });
    await until('sent again', () => agent.status().acks === 2);
    expect(distancesAt(one)).toEqual([1300, 1300]);
  });
  it('is stopped with a begun burst and an unsent reading in hand: both are kept and sent', async () => {
    const [link, one] = [createFakeLink(), await broker()];
    const agent = await start(await configOf('x', one), { openLink: link.open });
    await until('connected', () => agent.status().connected);
    link.write(burstOf(1400));
    link.write(encodeHrxlFrame(1405));
    await agent.stop();
    expect(distancesAt(one).toSorted()).toEqual([1400, 1405]);
  });
  it('does not speak to a broker of another CA', async () => {
    const other = await createPki();
    const stranger = await startBroker(other);
    ending.push(() => stranger.close());
    const agent = await start(await configOf('x', stranger), { openLink: createFakeLink().open });
    await until('tried', () => agent.status().connection >= 3);
    expect(agent.status().connected).toBe(false);
    expect(stranger.published).toEqual([]);
  });
  it('connects although the number of the connection cannot be written down', async () => {
    const one = await broker();
    const config = await configOf('x', one);
    mkdirSync(join(config.data, 'connection.tmp'), { recursive: true });
    const agent = await start(config, { openLink: createFakeLink().open });
    await until('connected', () => agent.status().connected);
    expect(agent.status().connection).toBe(1);
  });
  it('measures although calibrations cannot be read, and nothing can be changed from afar', async () => {
    const link = createFakeLink();
    const config = await configOf('x', null);
    mkdirSync(join(config.data, 'calibrations', '1.json'), { recursive: true });
    const agent = await start(config, { openLink: link.open, remote: () => Promise.reject(new Error('disk full')) });
    link.write(burstOf(1700));
    await until('stored', () => agent.status().stored === 1);
  });
  it('counts connections on above any earlier one when the count is gone', async () => {
    const [link, one] = [createFakeLink(), await broker()];
    const config = await configOf('x', one);
    const first = await start(config, { openLink: link.open });
    await until('connected', () => first.status().connected);
    expect(first.status().connection).toBe(1);
    link.write(burstOf(1500));
    await until('stored', () => first.status().stored === 1);
    await first.stop();
    writeFileSync(join(config.data, 'connection'), '\0\0');
    const second = await start(config, { openLink: link.open });
    await until('connected', () => second.status().connected);
    expect(second.status().connection).toBeGreaterThan(1_000_000_000);
  });
  it('that cannot start gives its data folder back, and says what is wrong with it', async () => {
    const config = await configOf('x', null);
    mkdirSync(join(config.data, 'connection'), { recursive: true });
    const attempt = () => startAgent({ config, clock: systemClock(), log, openLink: createFakeLink().open });
    await expect(attempt()).rejects.toMatchObject({ code: 'data-folder-unusable' });
    rmdirSync(join(config.data, 'connection'));
    await start(config, { openLink: createFakeLink().open });
    const other = await configOf('x', null);
    mkdirSync(other.data, { recursive: true });
    writeFileSync(join(other.data, 'outbox'), '');
    await expect(startAgent({ config: other, clock: systemClock(), log })).rejects.toMatchObject({
      code: 'data-folder-unusable',
      message: expect.stringContaining(other.data),
    });
  });
  it('says why it cannot connect, in words that name the setting', async () => {
    const one = await broker();
    const base = await configOf('x', one);
    const other = await writeCredentials(await createPki(), 'katulampa', join(root, 'stranger'));
    const torn = join(root, 'torn.pem');
    writeFileSync(torn, '-----BEGIN');
    const { uplink } = base;
    if (!uplink) throw new Error('no uplink');
    const cases: [Partial<typeof uplink>, RegExp][] = [
      [{ ca: join(root, 'none.crt') }, /^uplink\.ca: cannot read .*none\.crt/],
      [{ ca: torn }, /^uplink\.ca: .*torn\.pem holds no certificate/],
      [{ cert: torn }, /^uplink\.cert: .*torn\.pem holds no certificate/],
      [{ key: torn }, /^uplink\.key: .*torn\.pem holds no private key/],
      [{ key: other.key }, /^uplink\.key: .* does not belong to /],
      [{ ca: other.ca }, /broker's certificate is not signed by uplink\.ca/],
      [{ cert: other.cert, key: other.key }, /uplink\.cert/],
      [{ url: 'mqtts://127.0.0.1:1' }, /ECONNREFUSED/],
    ];
    for (const [over, expected] of cases) {
      const lines: { reason?: string; level: number }[] = [];
      const listening = pino({ level: 'warn' }, { write: (line: string) => lines.push(JSON.parse(line)) });
      const config = { ...base, data: join(root, String(++folders)), uplink: { ...uplink, ...over } };
      const agent = await start(config, { openLink: createFakeLink().open, log: listening });
      await until(`the reason ${expected}`, () => lines.some(({ reason }) => expected.test(reason ?? '')), 3_000);
      await agent.stop();
    }
  });
  it('that is stopped warns of nothing, though the broker goes first', async () => {
    const [link, one] = [createFakeLink(), await broker()];
    const lines: string[] = [];
    const listening = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) });
    const agent = await start(await configOf('x', one), { openLink: link.open, log: listening });
    await until('connected', () => agent.status().connected);
    link.write(burstOf(1400));
    one.silent(true);
    link.write(encodeHrxlFrame(1405));
    const stopped = agent.stop();
    one.cut();
    await stopped;
    expect(lines).toEqual([]);
  });
  it('warns of a line that does not open, and names it', async () => {
    const lines: { msg: string; port?: string; reason?: string }[] = [];
    const listening = pino({ level: 'warn' }, { write: (line: string) => lines.push(JSON.parse(line)) });
    await start(await configOf('/dev/siaga-none', null), { log: listening });
    await until('told', () => lines.length > 0);
    expect(lines[0]).toMatchObject({
      port: '/dev/siaga-none',
      reason: '/dev/siaga-none is not there: is the adapter plugged in?',
    });
  });
  it('runs beside others in one process, each under its own name', async () => {
    const one = await broker();
    const stations = ['depok', 'manggarai', 'karet'];
    const links = stations.map(() => createFakeLink());
    const agents = await Promise.all(
      stations.map(async (station, i) =>
        start(await configOf('x', one, station), { openLink: links[i]?.open as AgentOptions['openLink'] & object }),
      ),
    );
    await until('connected', () => agents.every((agent) => agent.status().connected));
    for (const [i, link] of links.entries()) link.write(burstOf(2000 + i));
    await until('all published', () => stations.every((station, i) => distancesAt(one, station)[0] === 2000 + i));
  });
  it('two cannot share a data folder', async () => {
    const config = await configOf('x', null);
    await start(config, { openLink: createFakeLink().open });
    await expect(
      startAgent({ config, clock: systemClock(), log, openLink: createFakeLink().open }),
    ).rejects.toMatchObject({
      code: 'outbox-locked',
    });
  });
  it('reads the binary sensor on its interval, by the clock', async () => {
    const link = createFakeLink();
    const base = await configOf('x', null);
    const config: AgentConfig = {
      ...base,
      sampling: { intervalS: 1, pings: 3, trigger: 'interval' },
      gauges: [{ gauge: 'main', port: 'x', sensor: 'dfrobot-a02yyuw' }],
    };
    const agent = await start(config, { openLink: link.open });
    await until('two readings', async () => {
      link.write(encodeA02Frame(1234));
      return agent.status().stored >= 2;
    });
    expect(agent.status().lastReading?.reading).toMatchObject({ distanceMm: 1234, flag: 1 });
  });
});
