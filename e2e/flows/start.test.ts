/** `npm start`, as a person runs it: what it shows, how it ends, how it goes on, and what it says when it cannot. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { clockToText, type Snapshot } from '@siaga/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { getJson, getReadings, getSnapshot } from '../harness/api.ts';
import { openBrowser } from '../harness/browser.ts';
import { openConsole } from '../harness/console-page.ts';
import { eventually } from '../harness/eventually.ts';
import { root, temporaryFolder } from '../harness/folders.ts';
import { lacks } from '../harness/needs.ts';
import { freePorts, type NpmStart, npmStart, processesNaming } from '../harness/npm-start.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const pauseMs = 3 * hourMs;
const catalogue = join(root, 'simulator/src/scenarios/jakarta-2014/siaga.yaml');

/** Ours end with 0; npm's shell takes the signal for itself, and npm then ends by it too, after all the others. */
const endings = [0, 'SIGINT', 'SIGTERM'];

type Started = { readonly npm: NpmStart; readonly httpUrl: string; readonly data: string };

/** A folder of its own for a test; what still names it at the end is killed. */
function dataFolder(): string {
  const { path, remove } = temporaryFolder('start');
  onTestFinished(async () => {
    for (const id of processesNaming(path)) process.kill(id, 'SIGKILL');
    await eventually('nothing to be left', () => processesNaming(path).length === 0);
    remove();
  });
  return join(path, 'data');
}

async function start(data: string, env: Record<string, string> = {}): Promise<Started> {
  const [httpPort, mqttPort] = await freePorts(2);
  const npm = npmStart({ SIAGA_DATA: data, SIAGA_HTTP_PORT: `${httpPort}`, SIAGA_MQTT_PORT: `${mqttPort}`, ...env });
  await said(npm, /^ +Console +http:\/\/localhost:\d+$/m);
  expect(npm.said()).toContain(`http://localhost:${httpPort}`);
  // The search that later finds nothing must find what runs.
  expect(processesNaming(data).length).toBeGreaterThan(1);
  return { npm, httpUrl: `http://127.0.0.1:${httpPort}`, data };
}

async function said(npm: NpmStart, what: RegExp): Promise<void> {
  let ended = false;
  void npm.exited.then(() => {
    ended = true;
  });
  await eventually(`npm start to say ${what}`, () => ended || what.test(npm.said()), { withinMs: 180_000 });
  if (!what.test(npm.said())) throw new Error(`npm start ended before it said ${what}: ${npm.said()}`);
}

/** The picture with a live value of every gauge. */
function liveSnapshot(httpUrl: string): Promise<Snapshot> {
  const live = ({ stations }: Snapshot) =>
    stations.length === 12 && stations.every(({ level, value }) => level.presence === 'live' && value?.stageMm != null);
  return eventually(
    'twelve live gauges',
    async () => {
      const snapshot = await getSnapshot(httpUrl);
      return live(snapshot) ? snapshot : undefined;
    },
    { withinMs: 120_000, everyMs: 500 },
  );
}

type Kept = { readonly streams: ReadonlySet<string>; readonly count: number };

/** A station's readings of a span that ends now: whole, each once, no more than three minutes between two. */
async function expectWhole(httpUrl: string, station: string, toMs: number, spanMs: number): Promise<Kept> {
  const [from, to] = [toMs - spanMs, toMs].map((ms) => new Date(ms).toISOString());
  const readings = await getReadings(httpUrl, station, from ?? '', to ?? '');
  const times = [toMs - spanMs, ...readings.map(({ observedAtMs }) => observedAtMs), toMs];
  const longestMs = Math.max(...times.slice(1).map((atMs, i) => atMs - (times[i] ?? 0)));
  expect(longestMs, `${station}: longest pause`).toBeLessThan(3 * minuteMs);
  expect(new Set(readings.map(({ stream, seq }) => `${stream}/${seq}`)).size, `${station}: identities`).toBe(
    readings.length,
  );
  expect(readings.every(({ stageMm }) => stageMm !== null)).toBe(true);
  return { streams: new Set(readings.map(({ stream }) => stream)), count: readings.length };
}

/** The history of every station once its backlog has come. */
async function wholeHistory(httpUrl: string, spanMs: number): Promise<ReadonlyMap<string, Kept>> {
  const { stations, serverTime } = await getSnapshot(httpUrl);
  const toMs = Date.parse(serverTime);
  const history = new Map<string, Kept>();
  for (const { info } of stations) history.set(info.id, await expectWhole(httpUrl, info.id, toMs, spanMs));
  return history;
}

/** Every agent's outbox is empty: what it stored has come. */
async function backlogSent(httpUrl: string): Promise<void> {
  const { from, to } = await spanOf(httpUrl);
  await eventually(
    'a whole day of every station',
    async () => {
      for (const { info } of (await getSnapshot(httpUrl)).stations) {
        const { count } = await getJson<{ count: number[] }>(
          httpUrl,
          `/stations/${info.id}/readings?from=${from}&to=${to}&buckets=1`,
        );
        if (count.reduce((sum, each) => sum + each, 0) < 1_400) return false;
      }
      return true;
    },
    { withinMs: 120_000, everyMs: 1_000 },
  );
}

async function spanOf(httpUrl: string): Promise<{ from: string; to: string }> {
  const { serverTime } = await getSnapshot(httpUrl);
  const toMs = Date.parse(serverTime);
  return { from: new Date(toMs - 24 * hourMs).toISOString(), to: new Date(toMs).toISOString() };
}

async function expectNothingLeft(data: string): Promise<void> {
  await eventually('no process to be left', () => processesNaming(data).length === 0, { withinMs: 5_000 });
}

test('a first start shows twelve live gauges with a day behind them; a second start goes on', async () => {
  const data = dataFolder();
  const first = await start(data);
  await said(first.npm, /^ +Live /m);
  const before = await liveSnapshot(first.httpUrl);
  await backlogSent(first.httpUrl);
  const history = await wholeHistory(first.httpUrl, 24 * hourMs);
  for (const [station, { count, streams }] of history) {
    expect(count, station).toBeGreaterThanOrEqual(1_400);
    expect(streams.size, station).toBe(1);
  }
  // Ctrl-C.
  first.npm.interrupt();
  expect(endings).toContain(await first.npm.exited);
  await expectNothingLeft(data);

  // Three hours later, by every program's clock.
  const nowMs = Date.now();
  const second = await start(data, { SIAGA_CLOCK: clockToText(nowMs, nowMs + pauseMs, 1) });
  await said(second.npm, /^ +Live /m);
  const after = await liveSnapshot(second.httpUrl);
  expect(after.epoch).toBe(before.epoch);
  expect(after.seq).toBeGreaterThanOrEqual(before.seq);
  await backlogSent(second.httpUrl);
  const longer = await wholeHistory(second.httpUrl, 24 * hourMs + pauseMs);
  for (const [station, { streams, count }] of longer) {
    expect(streams, station).toEqual(history.get(station)?.streams);
    expect(count, station).toBeGreaterThan((history.get(station)?.count ?? 0) + pauseMs / minuteMs - 10);
  }
  // SIGTERM to npm alone, as a service manager sends it.
  second.npm.child.kill('SIGTERM');
  expect(endings).toContain(await second.npm.exited);
  await expectNothingLeft(data);
});

test('its page shows twelve gauges with values, and a hydrograph of a day', async (ctx) => {
  ctx.skip(lacks.chromium() !== undefined, lacks.chromium());
  const { npm, httpUrl } = await start(dataFolder());
  await liveSnapshot(httpUrl);
  await backlogSent(httpUrl);
  const browser = await openBrowser();
  onTestFinished(() => browser.close());
  const { page, faults, foreignRequests } = await openConsole(browser, httpUrl);
  await eventually(
    'twelve values',
    async () => (await page.locator('[data-testid="station-row"]:not([data-stage-mm=""])').count()) === 12,
  );
  expect(await page.locator('[data-testid="station-row"][data-presence="live"]').count()).toBe(12);
  expect(await page.getByTestId('station-mark').count()).toBe(12);
  await page.getByTestId('station-mark').first().click();
  const hydrograph = page.getByTestId('hydrograph').and(page.locator('[data-state="ready"]'));
  await hydrograph.waitFor();
  expect(Number(await hydrograph.getAttribute('data-points'))).toBeGreaterThan(300);
  expect(await hydrograph.getAttribute('data-gaps')).toBe('0');
  expect(faults).toEqual([]);
  expect(foreignRequests).toEqual([]);
  npm.interrupt();
  expect(endings).toContain(await npm.exited);
});

test('ended while it still fills in the past, it leaves nothing running', async () => {
  const data = dataFolder();
  const { npm } = await start(data);
  await said(npm, /^ +Simulator /m);
  npm.interrupt();
  expect(endings).toContain(await npm.exited);
  await expectNothingLeft(data);
});

/** What it says on an end by itself, without npm's own lines. */
async function complaintOf(env: Record<string, string>): Promise<{ code: number | string; lines: string[] }> {
  const npm = npmStart({ SIAGA_HTTP_PORT: '0', SIAGA_MQTT_PORT: '0', ...env });
  const code = await npm.exited;
  const lines = npm
    .said()
    .split('\n')
    .filter((line) => line !== '' && !/^(npm (warn|error|notice)|> )/.test(line));
  return { code, lines };
}

test('a taken port: one sentence, and nothing is left running', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void taken.close());
  await new Promise((done) => taken.once('listening', done));
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? String(address.port) : '';
  for (const name of ['SIAGA_HTTP_PORT', 'SIAGA_MQTT_PORT']) {
    const data = dataFolder();
    const { code, lines } = await complaintOf({ SIAGA_DATA: data, [name]: port });
    expect(code, name).toBe(2);
    expect(lines, name).toHaveLength(1);
    expect(lines[0]).toContain(port);
    expect(lines[0]).toContain(name);
    await expectNothingLeft(data);
  }
});

test('a folder that cannot be written: one sentence', async () => {
  const file = join(dataFolder(), '..', 'file');
  writeFileSync(file, '');
  // Even root cannot make anything under a file, or in /proc.
  for (const data of [join(file, 'data'), '/proc/siaga']) {
    const { code, lines } = await complaintOf({ SIAGA_DATA: data });
    expect(code).toBe(2);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(data);
    expect(lines[0]).toContain('SIAGA_DATA');
    await expectNothingLeft(data);
  }
});

test('a broken catalogue: every fault, one a line', async () => {
  const data = dataFolder();
  const broken = join(data, '..', 'siaga.yaml');
  const text = readFileSync(catalogue, 'utf8')
    .replace('lat: -6.63310', 'lat: 200')
    .replace('timeZone: Asia/Jakarta', 'timeZone: Asia/Atlantis')
    .replace('to: depok', 'to: nowhere');
  writeFileSync(broken, text);
  const { code, lines } = await complaintOf({ SIAGA_DATA: data, SIAGA_CATALOGUE: broken });
  expect(code).toBe(2);
  for (const fault of [/lat/, /Atlantis/, /nowhere/]) expect(lines.filter((line) => fault.test(line))).toHaveLength(1);
  expect(lines.join('\n')).not.toMatch(/^\s+at /m);
  await expectNothingLeft(data);
});
