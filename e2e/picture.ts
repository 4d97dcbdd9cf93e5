/**
 * npm run build, then node scripts/run.mjs e2e/picture.ts: makes the pictures of the console in docs/images, from the running platform
 * and its simulated network: the night of 30 January 2014, Katulampa in its highest band, the wave on its way to
 * Depok, and one gauge that fell silent.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clockToText, encodeJson, mintStreamId, type OnlineHealth, topicOf } from '@siaga/protocol';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { parse, stringify } from 'yaml';
import { getSnapshot } from './harness/api.ts';
import { openBrowser, rowOf } from './harness/browser.ts';
import { openConsole } from './harness/console-page.ts';
import { connectDevice, papersOf, publishTo } from './harness/device.ts';
import { eventually } from './harness/eventually.ts';
import { root, temporaryFolder } from './harness/folders.ts';
import { lacks } from './harness/needs.ts';
import { type PlatformProcess, startPlatformProcess } from './harness/platform.ts';
import { startProgram } from './harness/programs.ts';
import { ani, beWelcomed, fillWelcome } from './harness/welcome.ts';

const catalogue = join(root, 'simulator/src/scenarios/jakarta-2014/siaga.yaml');
const pictures = join(root, 'docs/images');
const silent = 'angke-hulu';
const shown = 'katulampa';
/** Where the scenario begins, and when the picture is taken. */
const enteredAtMs = Date.parse('2014-01-29T23:00:00+07:00');
const takenAtMs = Date.parse('2014-01-30T00:25:00+07:00');

type Catalogue = { stations: { id: string }[]; reaches: { from: string; to: string }[] };

/** The network without one gauge: what the simulator still plays when that one has fallen silent. */
function withoutSilent(folder: string): string {
  const whole = parse(readFileSync(catalogue, 'utf8')) as Catalogue;
  const path = join(folder, 'siaga.yaml');
  writeFileSync(path, stringify({ ...whole, stations: whole.stations.filter(({ id }) => id !== silent) }));
  return path;
}

/** Plays the network by a clock until its gauges have reported after `fromMs`, with their past; returns how to end it. */
async function play(
  { httpUrl, mqttUrl, pki }: PlatformProcess,
  folder: string,
  settings: { catalogue: string; clock: string; fromMs: number; silent?: string },
): Promise<() => Promise<unknown>> {
  const args = ['demo', '--data', join(folder, 'simulator'), '--pki', pki, '--mqtt', mqttUrl];
  const demo = startProgram('siaga-sim', [...args, '--catalogue', settings.catalogue], { SIAGA_CLOCK: settings.clock });
  await demo.line((line) => line.event === 'live');
  await eventually(
    'every gauge to report',
    async () =>
      (await getSnapshot(httpUrl)).stations
        .filter(({ info }) => info.id !== settings.silent)
        .every(
          ({ value }) => value !== null && value.trend !== null && Date.parse(value.observedAt) >= settings.fromMs,
        ),
    { withinMs: 120_000, everyMs: 500 },
  );
  return () => demo.stop();
}

async function take(browser: Browser, httpUrl: string, name: string, options: BrowserContextOptions): Promise<void> {
  const { page } = await openConsole(browser, httpUrl, { colorScheme: 'dark', reducedMotion: 'reduce', ...options });
  await rowOf(page, shown).getByRole('button').click();
  await page.getByTestId('hydrograph').and(page.locator('[data-state="ready"]')).waitFor();
  await rowOf(page, silent).and(page.locator('[data-presence="stale"]')).waitFor();
  await page.evaluate(() => {
    (document.activeElement as HTMLElement | null)?.blur();
    window.scrollTo(0, 0);
    return document.fonts.ready;
  });
  await page.screenshot({ path: join(pictures, name), animations: 'disabled' });
  await page.context().close();
}

/** The alarm list as an operator has it, with one alarm opened; then the fleet, with the device that needs a visit. */
async function takeStaffPages(browser: Browser, data: string): Promise<void> {
  const link = readFileSync(join(data, 'setup-link'), 'utf8').trim();
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    colorScheme: 'dark',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  await fillWelcome(page, link, ani);
  await beWelcomed(page);
  const alarm = page.locator(`[data-testid="alarm-row"][data-station="${shown}"][data-priority="high"]`).first();
  await alarm.locator('button.main').click();
  await page.getByTestId('alarm-detail').getByText('What to do').first().waitFor();
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: join(pictures, 'alarms.png'), animations: 'disabled' });
  await page.evaluate(() => {
    location.hash = '#fleet';
  });
  await page.getByTestId('fleet-visit').locator(`[data-station="${silent}"]`).waitFor();
  await page.screenshot({ path: join(pictures, 'fleet.png'), animations: 'disabled' });
  await context.close();
}

/** The silent station's device, back for a moment: with a weak supply, an old battery and no frames from its sensor. */
async function complain({ mqttUrl, pki }: PlatformProcess): Promise<() => Promise<unknown>> {
  const device = await connectDevice(mqttUrl, silent, papersOf(pki, silent));
  const health: OnlineHealth = {
    v: 1,
    state: 'online',
    connection: 1_000_000,
    at: new Date(takenAtMs).toISOString(),
    boot: 'picture',
    stream: mintStreamId(),
    uptimeS: 900,
    clock: 'synced',
    maintenanceUntil: null,
    backlog: { count: 85, oldestAt: new Date(enteredAtMs).toISOString() },
    batteryMv: 11_300,
    diskFreeBytes: 9_000_000_000,
    gauges: [
      { gauge: 'main', link: 'open', lastFrameAt: null, frames: 0, discardedBytes: 0, badFrames: 0, problem: 'silent' },
    ],
    machine: {
      cpuDeciC: 512,
      throttled: 0x50001,
      diskTotalBytes: 16e9,
      rssBytes: 77e6,
      signal: { kind: 'cellular', dbm: -103 },
    },
    start: { number: 31, reason: 'power' },
    cadence: { sampleS: 60, reportS: 300, reason: 'rising' },
    notKept: 0,
    certificateExpiresAt: null,
    commands: [],
  };
  await publishTo(device, topicOf(silent, 'health'), encodeJson(health));
  return () => device.endAsync(true);
}

async function main(): Promise<void> {
  const reason = lacks.chromium();
  if (reason) throw new Error(reason);
  mkdirSync(pictures, { recursive: true });
  const { path: folder, remove } = temporaryFolder('picture');
  const endings: (() => unknown)[] = [remove];
  try {
    const nowMs = Date.now();
    const clock = clockToText(nowMs, takenAtMs, 1);
    const stations = (parse(readFileSync(catalogue, 'utf8')) as Catalogue).stations.map(({ id }) => id);
    const platform = await startPlatformProcess({ data: join(folder, 'platform'), catalogue, stations, clock });
    endings.push(() => platform.program.stop());
    // All of them once, at the scenario's beginning; then, an hour and more later, without the silent one.
    const earlier = { catalogue, clock: clockToText(nowMs, enteredAtMs, 1), fromMs: enteredAtMs };
    const end = await play(platform, folder, earlier);
    await end();
    endings.push(await play(platform, folder, { catalogue: withoutSilent(folder), clock, fromMs: takenAtMs, silent }));
    const browser = await openBrowser();
    endings.push(() => browser.close());
    await take(browser, platform.httpUrl, 'console.png', { viewport: { width: 1440, height: 900 } });
    const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
    await take(browser, platform.httpUrl, 'console-phone.png', phone);
    endings.push(await complain(platform));
    await takeStaffPages(browser, join(folder, 'platform'));
  } finally {
    for (const end of endings.reverse()) await end();
  }
}

await main();
