/**
 * Alarms in the console, with real people in real browsers over a real server: answered by keyboard, in a list that
 * stands still, shelved and back by itself, refused where a colleague was quicker, drilled, and gone with the session.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { AxeBuilder } from '@axe-core/playwright';
import { type Account, type Alarm, type Clock, clockFromText, clockToText } from '@siaga/protocol';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, type TestContext, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { openBrowser } from '../harness/browser.ts';
import { writeCatalogue } from '../harness/catalogue.ts';
import { openConsole } from '../harness/console-page.ts';
import { eventually } from '../harness/eventually.ts';
import { type Flow, openFlow } from '../harness/flow.ts';
import { lacks } from '../harness/needs.ts';
import { openPublisher } from '../harness/publisher.ts';
import { joinStaff, type Staff, setupToken, tokenOf } from '../harness/staff.ts';

const stations = ['hulu', 'tengah', 'hilir'];
const hostileName = '<img src=x onerror="document.title=1"> \u202Ehilir';
const hostileReason = '<img src=x onerror="document.title=2"> \u202Ebridge works';
const password = 'a long watch by the river';
/** A quarter of an hour on the shelf is ten seconds here. */
const speed = 90;

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

/** A control room: a platform, water that goes where it is sent, and an admin who lets people in. */
type ControlRoom = {
  readonly httpUrl: string;
  readonly ani: Staff;
  /** From now on the station stands there. */
  water(station: string, stageMm: number): void;
  /** A new colleague, signed in as a program. */
  hire(login: string, name: string, role: string): Promise<Staff>;
  /** A console of somebody who has an account, or of the public. */
  console(login: string | undefined, options?: BrowserContextOptions): Promise<Page>;
  faults(): readonly string[];
};

async function openControlRoom(flow: Flow, chromium: Browser): Promise<ControlRoom> {
  const catalogue = writeCatalogue(
    flow.folder,
    stations.map((id) => ({ id })),
  );
  const plain = parse(readFileSync(catalogue, 'utf8'));
  plain.stations[2].name = hostileName;
  writeFileSync(catalogue, stringify({ ...plain, alarms: { rules: { rate: { on: false } } } }));
  const nowMs = Date.now();
  const clockText = clockToText(nowMs, nowMs, speed);
  const platform = await flow.platform({ catalogue, stations, clock: clockText });
  const { httpUrl } = platform;
  const stages = new Map(stations.map((id) => [id, 500]));
  await letItFlow(flow, platform, clockFromText(clockText) as Clock, stages);
  const data = join(flow.folder, 'platform');
  const ani = await joinStaff(httpUrl, { token: setupToken(data), login: 'ani', name: 'Ani Wijaya', password });
  const faults: string[] = [];
  return {
    httpUrl,
    ani,
    water: (station, stageMm) => void stages.set(station, stageMm),
    async hire(login, name, role) {
      await ani.ask('POST', '/session/confirm', { password });
      const { link } = await ani.ask<{ link: string }>('POST', '/people', { login, name, role });
      return joinStaff(httpUrl, { token: tokenOf(link), password });
    },
    async console(login, options = {}) {
      const shown = await openConsole(chromium, httpUrl.replace('127.0.0.1', 'localhost'), options);
      shown.page.on('pageerror', (error) => faults.push(String(error)));
      flow.atEnd(() => shown.page.context().close());
      if (login !== undefined) await signInByKeyboard(shown.page, login);
      return shown.page;
    },
    faults: () => faults,
  };
}

/** Devices that report twice a second, so that no station falls silent at this speed. */
async function letItFlow(
  flow: Flow,
  { mqttUrl, pki }: { mqttUrl: string; pki: string },
  clock: Clock,
  stages: ReadonlyMap<string, number>,
): Promise<void> {
  const devices = await Promise.all(
    stations.map(async (station) => ({
      station,
      // A quick cadence has alarms wait for a second sample after a leap.
      device: await openPublisher({ mqttUrl, pki, station, intervalS: 120 }),
    })),
  );
  let going = true;
  const flowing = (async () => {
    while (going) {
      const atMs = clock.now();
      await Promise.all(
        devices.map(({ station, device }) => device.publish([{ atMs, stageMm: stages.get(station) ?? 0 }])),
      );
      await pause(500);
    }
    await Promise.all(devices.map(({ device }) => device.close()));
  })();
  flow.atEnd(async () => {
    going = false;
    await flowing.catch(() => {});
  });
}

/** From the top of the page to the alarm list without a pointer. */
async function signInByKeyboard(page: Page, login: string): Promise<void> {
  const focused = () => page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset.testid);
  for (let tabs = 0; (await focused()) !== 'sign-in'; tabs++) {
    expect(tabs, 'Sign in is reached by Tab').toBeLessThan(20);
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter');
  await eventually('the name field to have the focus', () =>
    page.evaluate(() => (document.activeElement as HTMLInputElement | null)?.name === 'username'),
  );
  await page.keyboard.type(login);
  await page.keyboard.press('Tab');
  await page.keyboard.type(password);
  await page.keyboard.press('Enter');
  await page.getByTestId('alarm-panel').waitFor();
}

function alarmRow(page: Page, station: string, standing?: string) {
  const state = standing === undefined ? '' : `[data-standing="${standing}"]`;
  return page.locator(`[data-testid="alarm-row"][data-station="${station}"][data-priority="high"]${state}`);
}

function countOf(page: Page, shelf: string, count: number) {
  return page.locator(`[data-testid="alarm-count"][data-shelf="${shelf}"][data-count="${count}"]`);
}

async function focusNothing(page: Page): Promise<void> {
  await page.mouse.move(5, 5);
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
}

test('answered by three keys, stands still, shelved and back, refused where a colleague was quicker', async (ctx) => {
  const flow = openFlow('browser-alarms');
  const room = await openControlRoom(flow, chromiumOf(ctx));
  const budi = await room.hire('budi', 'Budi Hartono', 'operator');
  await room.hire('sari', 'Sari Dewi', 'supervisor');
  const open = await room.console(undefined);
  const night = await room.console('budi');
  await focusNothing(night);

  // From anywhere: `a` goes to what is most urgent, `a` acknowledges it; the server's echo shows it, with the name.
  room.water('hulu', 3200);
  await alarmRow(night, 'hulu', 'active').waitFor();
  await night.keyboard.press('a');
  await night.keyboard.press('a');
  await alarmRow(night, 'hulu', 'acknowledged').waitFor();
  expect(await alarmRow(night, 'hulu').textContent()).toContain('Budi Hartono');

  // While the pointer is in the list nothing moves under it, and what is new is counted.
  await focusNothing(night);
  await alarmRow(night, 'hulu').hover();
  const before = await alarmRow(night, 'hulu').boundingBox();
  room.water('tengah', 3300);
  const waiting = night.getByTestId('alarms-waiting');
  await waiting.filter({ hasText: /\d new, 1 of high priority.*stands still/ }).waitFor();
  expect(await alarmRow(night, 'tengah').count()).toBe(0);
  expect(await alarmRow(night, 'hulu').boundingBox()).toEqual(before);
  expect(await night.getByTestId('announced').textContent()).toContain('Station tengah');
  await night.keyboard.press('r');
  await alarmRow(night, 'tengah', 'active').waitFor();
  await focusNothing(night);

  // A supervisor shelves the newest, with a reason and an end; it comes back by itself.
  const lead = await room.console('sari');
  await alarmRow(lead, 'tengah').locator('button.main').focus();
  await lead.keyboard.press('s');
  const dialog = lead.getByTestId('shelve-dialog');
  await dialog.waitFor();
  const shelve = dialog.getByRole('button', { name: 'Shelve', exact: true });
  await shelve.press('Enter');
  await dialog.getByText('Say why.').waitFor();
  await lead.keyboard.type(hostileReason);
  await shelve.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  await countOf(night, 'shelved', 1).click();
  await alarmRow(night, 'tengah', 'shelved').waitFor();
  const shelved = await alarmRow(night, 'tengah').textContent();
  expect(shelved).toContain(hostileReason);
  expect(shelved).toMatch(/shelved until \d\d:\d\d by Sari Dewi/);
  await countOf(night, 'shelved', 1).click();
  await focusNothing(night);
  await countOf(night, 'shelved', 0).waitFor({ timeout: 40_000 });
  await alarmRow(night, 'tengah', 'active').waitFor();

  // A colleague who came after this console was opened is quicker: told, with what changed and who it was.
  const tono = await room.hire('tono', 'Tono Prasetyo', 'operator');
  await night.route('**/api/v1/alarms/acknowledge', async (route) => {
    const { alarms } = await tono.ask<{ alarms: Alarm[] }>('GET', '/alarms');
    const theirs = alarms.find(({ station, priority }) => station === 'tengah' && priority === 'high');
    await tono.ask('POST', '/alarms/acknowledge', { alarms: [{ id: theirs?.id, version: theirs?.version }] });
    await alarmRow(night, 'tengah', 'acknowledged').filter({ hasText: 'Tono Prasetyo' }).waitFor();
    await route.continue();
  });
  await night.keyboard.press('a');
  await night.keyboard.press('a');
  const refusal = alarmRow(night, 'tengah').getByTestId('refusal');
  await refusal.waitFor();
  expect(await refusal.textContent()).toMatch(/^\s*Not done\..*Since you looked: acknowledged by Tono Prasetyo/s);

  // The public sees water, and neither alarms nor names.
  expect(await open.getByTestId('alarm-panel').count()).toBe(0);
  expect(await open.locator('body').textContent()).not.toMatch(/Budi|Tono|Sari|unacknowledged/);
  const { staff } = await (await fetch(`${room.httpUrl}/api/v1/snapshot`)).json();
  expect(staff).toBeNull();

  // Ended from elsewhere: alarms and names go at once, and the page says why.
  await room.ani.ask('POST', '/session/confirm', { password });
  const people = await room.ani.ask<Account[]>('GET', '/people');
  const version = people.find(({ id }) => id === budi.id)?.version;
  await room.ani.ask('PUT', `/people/${budi.id}`, { version, state: 'disabled' });
  await night.getByTestId('session-ending').waitFor();
  expect(await night.getByTestId('alarm-panel').count()).toBe(0);
  expect(await night.locator('body').textContent()).not.toContain('Tono');

  for (const page of [open, night, lead]) expect(await page.locator('img[src="x"]').count()).toBe(0);
  expect(room.faults()).toEqual([]);
});

test('a drill is a drill for who takes part, and nothing for anyone else', async (ctx) => {
  const flow = openFlow('browser-drill');
  const room = await openControlRoom(flow, chromiumOf(ctx));
  for (const [login, name, role] of [
    ['sari', 'Sari Dewi', 'supervisor'],
    ['budi', 'Budi Hartono', 'operator'],
    ['tono', 'Tono Prasetyo', 'operator'],
  ] as const)
    await room.hire(login, name, role);
  const [lead, budi, tono] = await Promise.all(['sari', 'budi', 'tono'].map((login) => room.console(login)));
  if (!lead || !budi || !tono) throw new Error('no consoles');

  await lead.goto(`${room.httpUrl.replace('127.0.0.1', 'localhost')}/#drills`);
  const drills = lead.getByTestId('page');
  await drills.locator('select').first().selectOption('first-call');
  await drills.getByLabel('Budi Hartono').check();
  await drills.getByRole('button', { name: /Review/ }).click();
  const review = lead.getByTestId('drill-review');
  expect(await review.textContent()).toContain('Budi Hartono');
  await review.getByRole('button', { name: /start/i }).click();

  await budi.getByTestId('drill-frame').waitFor();
  const exercise = budi.locator('[data-testid="alarm-row"][data-drill]');
  await exercise.first().waitFor();
  expect(await exercise.first().textContent()).toContain('DRILL');
  expect(await budi.title()).toContain('DRILL');
  // A real one beside it carries no mark.
  room.water('tengah', 3300);
  for (const page of [budi, tono]) await alarmRow(page, 'tengah').and(page.locator(':not([data-drill])')).waitFor();
  expect(await tono.getByTestId('drill-frame').count()).toBe(0);
  expect(await tono.locator('[data-drill]').count()).toBe(0);
  expect(await tono.title()).not.toContain('DRILL');

  await drills.getByTestId('running-drill').getByRole('button').click();
  await budi.getByTestId('drill-frame').waitFor({ state: 'detached' });
  await eventually('the exercise to be gone', async () => (await exercise.count()) === 0);
  expect(room.faults()).toEqual([]);
});

test('no accessibility violation on any page, in dark or light', async (ctx) => {
  const flow = openFlow('browser-alarms-axe');
  const room = await openControlRoom(flow, chromiumOf(ctx));
  room.water('hulu', 3200);
  room.water('tengah', 2300);
  room.water('hilir', 1300);
  const violations: string[] = [];
  for (const colorScheme of ['dark', 'light'] as const) {
    const page = await room.console('ani', { colorScheme });
    await alarmRow(page, 'hulu').waitFor();
    const check = async (what: string, within = 'body') => {
      const found = await new AxeBuilder({ page }).include(within).analyze();
      violations.push(
        ...found.violations.map(({ id, nodes }) => `${colorScheme} ${what} ${id}: ${nodes.map(({ html }) => html)}`),
      );
    };
    await check('alarms');
    await alarmRow(page, 'hulu').locator('button.main').click();
    await page.getByTestId('alarm-detail').getByRole('button', { name: 'Shelve…' }).click();
    await check('alarm detail, shelving');
    await page.keyboard.press('Escape');
    await page
      .getByTestId('alarm-detail')
      .getByRole('button', { name: /Hydrograph/ })
      .click();
    await page.getByTestId('service').getByRole('button').click();
    await check('station, taking out of service');
    await page.keyboard.press('Escape');
    for (const name of [
      'log',
      'fleet',
      'duty',
      'channels',
      'kpis',
      'drills',
      'me',
      'people',
      'audit',
      'sign-in',
      'welcome',
    ]) {
      await page.evaluate((hash) => {
        location.hash = hash;
      }, name);
      await page.locator(`[data-testid="page"][data-page="${name}"]`).waitFor();
      await eventually('all to be loaded', async () => {
        const text = await page.getByTestId('page').textContent();
        return !/loading/i.test(text ?? '');
      });
      // Header and map around it are those checked above.
      await check(name, '[data-testid="page"]');
    }
    await page.context().close();
  }
  expect(violations).toEqual([]);
  expect(room.faults()).toEqual([]);
});
