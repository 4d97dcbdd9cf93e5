/** The console never passes off what is old as live: stale gauges, a server that hangs, one that is killed. */
import { clockFromText, clockToText } from '@siaga/protocol';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, type TestContext, test } from 'vitest';
import { openBrowser, rowOf } from '../harness/browser.ts';
import { writeCatalogue } from '../harness/catalogue.ts';
import { openConsole } from '../harness/console-page.ts';
import { eventually } from '../harness/eventually.ts';
import { openFlow } from '../harness/flow.ts';
import { lacks } from '../harness/needs.ts';
import { openPublisher } from '../harness/publisher.ts';

const stations = ['hulu', 'hilir'];

let browser: Browser | undefined;
beforeAll(async () => {
  if (!lacks.chromium()) browser = await openBrowser();
});
afterAll(() => browser?.close());

/** A browser, or the test is skipped by name. */
function chromiumOf(ctx: TestContext): Browser {
  ctx.skip(browser === undefined, lacks.chromium());
  return browser as Browser;
}

function catalogueIn(folder: string): string {
  return writeCatalogue(
    folder,
    stations.map((id) => ({ id })),
  );
}

function rowWith(page: Page, station: string, attribute: string, value: string | number) {
  return rowOf(page, station).and(page.locator(`[${attribute}="${value}"]`));
}

test('a station that falls silent is late, then stale, by the clock of the server', async (ctx) => {
  const chromium = chromiumOf(ctx);
  const flow = openFlow('browser-stale');
  const clockText = clockToText(Date.now(), Date.UTC(2014, 0, 29, 16), 20);
  const clock = clockFromText(clockText);
  if (clock === undefined) throw new Error('no clock');
  const platform = await flow.platform({ catalogue: catalogueIn(flow.folder), stations, clock: clockText });
  const { mqttUrl, pki, httpUrl } = platform;
  const [silent, talking] = await Promise.all(stations.map((station) => openPublisher({ mqttUrl, pki, station })));
  if (!silent || !talking) throw new Error('no publishers');
  flow.atEnd(() => Promise.all([silent.close(), talking.close()]));
  const speak = () => talking.publish([{ atMs: clock.now(), stageMm: 700 }]);

  const { page, faults } = await openConsole(chromium, httpUrl);
  await speak();
  await silent.publish([{ atMs: clock.now(), stageMm: 2500 }]);
  await rowWith(page, 'hulu', 'data-presence', 'live').waitFor();
  await rowWith(page, 'hulu', 'data-severity', 2).waitFor();
  // A minute of this clock is three seconds: the other station goes on, so that only the silent one ages.
  const talk = setInterval(() => void speak().catch(() => {}), 1_500);
  flow.atEnd(() => clearInterval(talk));
  await rowWith(page, 'hulu', 'data-presence', 'late').waitFor();
  await rowWith(page, 'hulu', 'data-presence', 'stale').waitFor();
  expect(await rowOf(page, 'hilir').getAttribute('data-presence')).toBe('live');
  expect(await rowOf(page, 'hulu').textContent()).toContain('stale');
  const counted = (severity: string) =>
    page.locator(`[data-testid="count"][data-severity="${severity}"]`).getAttribute('data-count');
  expect(await counted('stale')).toBe('1');
  // Silence is not dry: the last known band stays, apart from the ladder's counts.
  expect(await rowOf(page, 'hulu').getAttribute('data-severity')).toBe('2');
  expect(await counted('2')).toBe('0');
  expect(await page.locator('[data-testid="station-mark"][data-station="hulu"]').getAttribute('data-presence')).toBe(
    'stale',
  );
  expect(faults).toEqual([]);
});

test('a server that hangs: delayed, NOT LIVE, and live again with what changed meanwhile', async (ctx) => {
  const chromium = chromiumOf(ctx);
  const flow = openFlow('browser-hang');
  const platform = await flow.platform({ catalogue: catalogueIn(flow.folder), stations });
  const { mqttUrl, pki, httpUrl, program } = platform;
  const publisher = await openPublisher({ mqttUrl, pki, station: 'hulu' });
  flow.atEnd(() => publisher.close());
  await publisher.publish([{ atMs: Date.now(), stageMm: 500 }]);
  const { page } = await openConsole(chromium, httpUrl);
  await rowWith(page, 'hulu', 'data-severity', 0).waitFor();
  await page.evaluate(() => document.body.setAttribute('data-never-reloaded', ''));

  const delayed = page.getByTestId('delayed');
  const notLive = page.getByTestId('not-live');
  program.kill('SIGSTOP');
  flow.atEnd(() => program.kill('SIGCONT'));
  const hungAtMs = performance.now();
  await delayed.waitFor({ timeout: 13_000 });
  expect(await notLive.count()).toBe(0);
  await notLive.waitFor({ timeout: 34_000 - (performance.now() - hungAtMs) });
  expect(performance.now() - hungAtMs).toBeGreaterThan(24_000);
  expect(await notLive.textContent()).toContain('NOT LIVE since');

  const published = publisher.publish([{ atMs: Date.now(), stageMm: 3300 }]);
  program.kill('SIGCONT');
  await notLive.waitFor({ state: 'detached', timeout: 8_000 });
  await delayed.waitFor({ state: 'detached', timeout: 1_000 });
  await published;
  await rowWith(page, 'hulu', 'data-severity', 3).waitFor({ timeout: 5_000 });
  expect(await page.locator('body[data-never-reloaded]').count()).toBe(1);
});

test('a server killed and started again on the same data: the page goes on without a reload', async (ctx) => {
  const chromium = chromiumOf(ctx);
  const flow = openFlow('browser-killed');
  const settings = { catalogue: catalogueIn(flow.folder), stations };
  const platform = await flow.platform(settings);
  const { pki, httpUrl, program } = platform;
  const publishAs = async (station: string, mqttUrl: string, stageMm: number) => {
    const publisher = await openPublisher({ mqttUrl, pki, station });
    await publisher.publish([{ atMs: Date.now(), stageMm }]);
    await publisher.close();
  };
  await publishAs('hulu', platform.mqttUrl, 1500);
  await publishAs('hilir', platform.mqttUrl, 500);
  const { page } = await openConsole(chromium, httpUrl);
  await rowWith(page, 'hulu', 'data-severity', 1).waitFor();
  await page.evaluate(() => document.body.setAttribute('data-never-reloaded', ''));

  program.kill('SIGKILL');
  await program.exited;
  const again = await flow.again(platform, settings);
  await publishAs('hilir', again.mqttUrl, 3300);
  await rowWith(page, 'hilir', 'data-severity', 3).waitFor({ timeout: 15_000 });
  // What was judged before the kill is still so.
  await rowWith(page, 'hulu', 'data-severity', 1).waitFor();
  await eventually(
    'no banner',
    async () => (await page.locator('[data-testid=delayed], [data-testid=not-live]').count()) === 0,
  );
  expect(await page.locator('body[data-never-reloaded]').count()).toBe(1);
});
