/** The console in a real browser: what it shows, how it is operated, what it keeps to itself. */
import { readFileSync, writeFileSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, type TestContext, test } from 'vitest';
import { openBrowser, rowOf } from '../harness/browser.ts';
import { writeCatalogue } from '../harness/catalogue.ts';
import { type ConsolePage, openConsole } from '../harness/console-page.ts';
import { eventually } from '../harness/eventually.ts';
import { type Flow, openFlow } from '../harness/flow.ts';
import { lacks } from '../harness/needs.ts';
import type { PlatformProcess } from '../harness/platform.ts';
import { openPublisher } from '../harness/publisher.ts';

const minuteMs = 60_000;
const stations = ['hulu', 'tengah', 'hilir', 'muara', ...Array.from({ length: 8 }, (_, i) => `kali-${i + 1}`)];
const calmMm = 500;

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

/** A platform of 12 stations, each with a calm reading of just now. */
async function startCalm(flow: Flow, catalogue = networkIn(flow)): Promise<PlatformProcess> {
  const platform = await flow.platform({ catalogue, stations });
  await Promise.all(stations.map((station) => publish(platform, station, [{ atMs: Date.now(), stageMm: calmMm }])));
  return platform;
}

function networkIn(flow: Flow): string {
  return writeCatalogue(
    flow.folder,
    stations.map((id) => ({ id })),
  );
}

async function publish(
  { mqttUrl, pki }: PlatformProcess,
  station: string,
  points: readonly { atMs: number; stageMm: number }[],
): Promise<void> {
  const publisher = await openPublisher({ mqttUrl, pki, station });
  await publisher.publish(points);
  await publisher.close();
}

function markOf(page: Page, station: string) {
  return page.locator(`[data-testid="station-mark"][data-station="${station}"]`);
}

/** Resolves when the row and the mark of a station have that severity. */
async function shows(page: Page, station: string, severity: number): Promise<void> {
  for (const place of [rowOf(page, station), markOf(page, station)])
    await place.and(page.locator(`[data-severity="${severity}"]`)).waitFor();
}

function expectClean({ faults, foreignRequests }: ConsolePage): void {
  expect(faults).toEqual([]);
  expect(foreignRequests).toEqual([]);
}

test('twelve stations appear, and a rising gauge on a tty changes its row and its mark', async (ctx) => {
  const chromium = chromiumOf(ctx);
  const flow = openFlow('browser-rise');
  const platform = await flow.platform({ catalogue: networkIn(flow), stations });
  await Promise.all(
    stations.slice(1).map((station) => publish(platform, station, [{ atMs: Date.now(), stageMm: calmMm }])),
  );
  const [station = ''] = stations;
  const line = await flow.line({ station, maxMm: 5000 });
  const { pki, mqttUrl } = platform;
  const agent = flow.agent({ station, data: `${flow.folder}/agent`, gauges: [line.settings], pki, mqttUrl });

  const shown = await openConsole(chromium, platform.httpUrl);
  const { page } = shown;
  await eventually('twelve rows', async () => (await page.getByTestId('station-row').count()) === 12);
  expect(await page.getByTestId('station-mark').count()).toBe(12);
  expect(await rowOf(page, station).getAttribute('data-presence')).toBe('never');

  await eventually('a first reading stored', async () => {
    await line.gauge.burst(5000 - calmMm);
    return agent.stored.length > 0;
  });
  await shows(page, station, 0);
  for (const [stageMm, severity] of [
    [1200, 1],
    [2200, 2],
    [3200, 3],
    [2980, 3],
    [2900, 2],
  ] as const) {
    await line.gauge.burst(5000 - stageMm);
    await rowOf(page, station)
      .and(page.locator(`[data-stage-mm="${stageMm}"]`))
      .waitFor();
    await shows(page, station, severity);
  }
  // Worst first.
  expect(await page.getByTestId('station-row').first().getAttribute('data-station')).toBe(station);
  expect(await rowOf(page, station).textContent()).toContain('Siaga II');
  expectClean(shown);
});

test('the list is operated by keyboard: search, move, open, close', async (ctx) => {
  const chromium = chromiumOf(ctx);
  const flow = openFlow('browser-keys');
  const platform = await startCalm(flow);
  const shown = await openConsole(chromium, platform.httpUrl);
  const { page } = shown;
  const focused = () => page.evaluate(() => document.activeElement?.closest('tr')?.dataset.station ?? null);
  const rows = page.getByTestId('station-row');

  await page.keyboard.press('/');
  await page.keyboard.type('kali');
  await eventually('eight found', async () => (await rows.count()) === 8);
  await page.keyboard.press('ArrowDown');
  const first = await rows.nth(0).getAttribute('data-station');
  const second = await rows.nth(1).getAttribute('data-station');
  expect(await focused()).toBe(first);
  await page.keyboard.press('j');
  expect(await focused()).toBe(second);
  await page.keyboard.press('k');
  expect(await focused()).toBe(first);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  const detail = page.getByTestId('station-detail');
  await detail.waitFor();
  expect(await detail.getAttribute('data-station')).toBe(second);
  await page.getByTestId('hydrograph').and(page.locator('[data-state="ready"]')).waitFor();
  await page.keyboard.press('Escape');
  await detail.waitFor({ state: 'detached' });
  expectClean(shown);
});

test('the hydrograph shows bands, and a gap as a gap', async (ctx) => {
  const chromium = chromiumOf(ctx);
  const flow = openFlow('browser-hydrograph');
  const platform = await startCalm(flow);
  const nowMs = Date.now();
  const inGap = (minutesAgo: number) => minutesAgo > 400 && minutesAgo < 520;
  const points = Array.from({ length: 1440 }, (_, i) => 1440 - i)
    .filter((minutesAgo) => !inGap(minutesAgo))
    .map((minutesAgo) => ({
      atMs: nowMs - minutesAgo * minuteMs,
      stageMm: 2000 + Math.round(1500 * Math.sin(minutesAgo / 200)),
    }));
  const [station = ''] = stations;
  await publish(platform, station, points);
  await publish(platform, station, [{ atMs: Date.now(), stageMm: 2100 }]);

  const shown = await openConsole(chromium, platform.httpUrl);
  const { page } = shown;
  await markOf(page, station).click();
  const hydrograph = page.getByTestId('hydrograph').and(page.locator('[data-state="ready"]'));
  await hydrograph.waitFor();
  expect(await hydrograph.getAttribute('data-gaps')).toBe('1');
  expect(Number(await hydrograph.getAttribute('data-points'))).toBeGreaterThan(300);
  expect(await page.getByTestId('hydrograph-summary').textContent()).toContain('1 gap:');

  // Four bands: as many tints, and a border between each two, down the left edge of the chart.
  const tints = await hydrograph.locator('canvas').evaluate((element) => {
    const canvas = element as HTMLCanvasElement;
    const pixels = canvas.getContext('2d')?.getImageData(60 * devicePixelRatio, 0, 1, canvas.height).data ?? [];
    const rows = Array.from({ length: canvas.height }, (_, y) => pixels.slice(4 * y, 4 * y + 4).join());
    const counts = rows.reduce((found, row) => found.set(row, (found.get(row) ?? 0) + 1), new Map<string, number>());
    return [...counts.values()].filter((count) => count >= 10).length;
  });
  expect(tints).toBeGreaterThanOrEqual(4);
  expectClean(shown);
});

test('text from the catalogue never becomes markup', async (ctx) => {
  const chromium = chromiumOf(ctx);
  const flow = openFlow('browser-hostile');
  const catalogue = networkIn(flow);
  const hostile = (mark: string) => `<img src=x onerror="document.title=${mark}"><b>${mark}</b>`;
  const text = readFileSync(catalogue, 'utf8')
    .replace('Station hulu', `'${hostile('name')}'`)
    .replace('Test network', `'${hostile('deployment')}'`)
    .replace('Test basin', `'${hostile('basin')}'`)
    .replaceAll('Siaga IV', `'${hostile('band')}'`)
    .replaceAll(/Siaga III$/gm, `'${hostile('limit')}'`);
  writeFileSync(catalogue, text);
  const platform = await startCalm(flow, catalogue);
  const shown = await openConsole(chromium, platform.httpUrl);
  const { page } = shown;
  await markOf(page, 'hulu').click();
  await page.getByTestId('hydrograph').and(page.locator('[data-state="ready"]')).waitFor();
  expect(await rowOf(page, 'hulu').textContent()).toContain('<img src=x');
  expect(await page.locator('img[src="x"]').count()).toBe(0);
  expect(await page.locator('b', { hasText: /^(name|deployment|basin|band|limit)$/ }).count()).toBe(0);
  expectClean(shown);
});

test('no accessibility violation in dark or light, list and hydrograph', async (ctx) => {
  const chromium = chromiumOf(ctx);
  const flow = openFlow('browser-axe');
  const platform = await startCalm(flow);
  await publish(platform, 'hulu', [{ atMs: Date.now(), stageMm: 3500 }]);
  await publish(platform, 'tengah', [{ atMs: Date.now(), stageMm: 2500 }]);
  await publish(platform, 'hilir', [{ atMs: Date.now(), stageMm: 1500 }]);
  for (const colorScheme of ['dark', 'light'] as const) {
    const shown = await openConsole(chromium, platform.httpUrl, { colorScheme });
    const { page } = shown;
    await shows(page, 'hulu', 3);
    expect(await violationsOf(page), colorScheme).toEqual([]);
    await markOf(page, 'hulu').click();
    await page.getByTestId('hydrograph').and(page.locator('[data-state="ready"]')).waitFor();
    expect(await violationsOf(page), `${colorScheme}, hydrograph`).toEqual([]);
    expectClean(shown);
    await page.context().close();
  }
});

async function violationsOf(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

test('on a telephone nothing is cut off sideways', async (ctx) => {
  const chromium = chromiumOf(ctx);
  const flow = openFlow('browser-phone');
  const platform = await startCalm(flow);
  const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
  const shown = await openConsole(chromium, platform.httpUrl, phone);
  const { page } = shown;
  const overflowPx = () =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(await overflowPx()).toBe(0);
  await rowOf(page, 'hilir').getByRole('button').tap();
  await page.getByTestId('hydrograph').and(page.locator('[data-state="ready"]')).waitFor();
  expect(await overflowPx()).toBe(0);
  const { width = 0 } = (await page.getByTestId('hydrograph').boundingBox()) ?? {};
  expect(width).toBeLessThanOrEqual(390);
  expectClean(shown);
});
