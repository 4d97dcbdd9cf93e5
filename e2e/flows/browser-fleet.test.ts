/**
 * The fleet in the console, for a technician with a phone and the owner of many devices: what needs a visit first and
 * why, a command to a device that is away, a calibration from the field that counts once it is accepted.
 */
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type Command, decodeCommand, encodeReadings, mintStreamId, type OnlineHealth, topicOf } from '@siaga/protocol';
import type { MqttClient } from 'mqtt';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser } from '../harness/browser.ts';
import { writeCatalogue } from '../harness/catalogue.ts';
import { openConsole } from '../harness/console-page.ts';
import { connectDevice, papersOf, publishTo } from '../harness/device.ts';
import { type Flow, openFlow } from '../harness/flow.ts';
import type { PlatformProcess } from '../harness/platform.ts';
import { joinStaff, setupToken } from '../harness/staff.ts';

const stations = ['hulu', 'tengah', 'hilir'];
const password = 'a long watch by the river';
const record = 'c'.repeat(64);

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

const stream = mintStreamId();

/** A device without an agent: says of itself what it is told, and keeps what it is asked. */
async function openDevice(
  flow: Flow,
  { mqttUrl, pki }: PlatformProcess,
  station: string,
  health: Partial<OnlineHealth>,
) {
  const commands: Command[] = [];
  let connection = 0;
  let client: MqttClient | undefined;
  const say = (kind: 'health' | 'about' | 'readings', payload: string | Uint8Array) =>
    publishTo(client as MqttClient, topicOf(station, kind), payload);
  const device = {
    commands,
    async connect() {
      connection += 1;
      client = await connectDevice(mqttUrl, station, papersOf(pki, station));
      client.on('message', (_topic, payload) => {
        const command = decodeCommand(payload);
        if (command.ok) commands.push(command.value);
      });
      await client.subscribeAsync(topicOf(station, 'command'), { qos: 1 });
    },
    leave: () => client?.endAsync(true),
    say,
    health: (differs: Partial<OnlineHealth> = {}) =>
      say(
        'health',
        JSON.stringify({ ...plainHealth, connection, at: new Date().toISOString(), ...health, ...differs }),
      ),
    reading(stageMm: number) {
      const reading = { ...plainReading, seq: 1, observedAtMs: Date.now(), distanceMm: 5000 - stageMm };
      const batch = { stream, boot: 'b', rev: 0, gauge: 'main', intervalS: 3600, maintenance: false, lost: [] };
      return say('readings', encodeReadings({ ...batch, readings: [reading] }));
    },
  };
  flow.atEnd(() => device.leave());
  await device.connect();
  return device;
}

const plainHealth: Omit<OnlineHealth, 'connection' | 'at'> = {
  v: 1,
  state: 'online',
  boot: 'b',
  stream,
  uptimeS: 100_000,
  clock: 'synced',
  maintenanceUntil: null,
  backlog: { count: 0, oldestAt: null },
  batteryMv: 12_600,
  diskFreeBytes: 5_000_000_000,
  gauges: [],
};
const plainReading = {
  echo: 'seen',
  spreadMm: 2,
  validPercent: 100,
  temperatureDeciC: null,
  flag: 1,
  test: 'none',
  clock: 'synced',
} as const;

async function openFleet(flow: Flow, httpUrl: string, colorScheme: 'dark' | 'light', width: number): Promise<Page> {
  const origin = httpUrl.replace('127.0.0.1', 'localhost');
  const { page } = await openConsole(browser, origin, { colorScheme, viewport: { width, height: 840 } });
  flow.atEnd(() => page.context().close());
  await page.goto(`${origin}/#sign-in`);
  await page.locator('input[name="username"]').fill('ani');
  await page.locator('input[type="password"]').fill(password);
  await page.keyboard.press('Enter');
  await page.getByTestId('page').waitFor({ state: 'detached' });
  await page.evaluate(() => {
    location.hash = 'fleet';
  });
  await page.getByTestId('fleet-visit').waitFor();
  return page;
}

const row = (page: Page, station: string) => page.locator(`[data-testid="fleet-row"][data-station="${station}"]`);

test('what needs a visit comes first; a device that is away is asked when it is back; a calibration counts once accepted', async () => {
  const flow = openFlow('browser-fleet');
  const catalogue = writeCatalogue(
    flow.folder,
    stations.map((id) => ({ id })),
  );
  const platform = await flow.platform({ catalogue, stations });
  const token = setupToken(join(flow.folder, 'platform'));
  await joinStaff(platform.httpUrl, { token, login: 'ani', name: 'Ani Wijaya', password });
  const hulu = await openDevice(flow, platform, 'hulu', { batteryMv: 10_900, clock: 'unsynced' });
  const tengah = await openDevice(flow, platform, 'tengah', {});
  await hulu.health();
  await tengah.reading(900);
  await tengah.health();
  const validFrom = new Date(Date.now() - 3_600_000).toISOString();
  const calibration = {
    gauge: 'main',
    validFrom,
    sensorElevationMm: 5_120,
    faceOffsetMm: 0,
    by: 'Tono',
    record,
    staffCheck: { staffMm: 1_020, stageMm: 1_018, at: validFrom },
  };
  const firmware = { name: 'siaga-agent', version: '0.2.0' };
  await tengah.say('about', JSON.stringify({ v: 1, firmware, gauges: [], calibrations: [calibration] }));

  // On a phone, by keyboard: the most urgent is the first, and nothing runs over the edge.
  const page = await openFleet(flow, platform.httpUrl, 'dark', 390);
  const first = page.getByTestId('fleet-row').first();
  await first.and(row(page, 'hulu')).waitFor();
  expect(await first.getByTestId('visit').allTextContents()).toEqual([
    expect.stringContaining('battery low: 10.9 V'),
    expect.stringContaining('its clock is not set'),
  ]);
  expect(await row(page, 'hilir').textContent()).toContain('never been heard');
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);

  // Asked while it is away, it gets it when it comes back, and says what became of it.
  await hulu.leave();
  await first.locator('button.head').press('Enter');
  await page.getByRole('button', { name: 'Ask the device…' }).press('Enter');
  const dialog = page.getByTestId('command-dialog');
  await dialog.getByRole('button', { name: 'Send' }).press('Enter');
  await dialog.waitFor({ state: 'detached' });
  const command = page.getByTestId('command');
  await command.and(page.locator('[data-state="waiting"], [data-state="sent"]')).waitFor();
  await hulu.connect();
  await hulu.health();
  await expect.poll(() => hulu.commands).toHaveLength(1);
  expect(hulu.commands[0]).toMatchObject({ act: 'cadence', intervalS: 60, forS: 7200 });
  const id = hulu.commands[0]?.id ?? '';
  await hulu.health({ commands: [{ id, act: 'cadence', outcome: 'refused', reason: 'the battery is low' }] });
  // Opened anew it is fetched at once.
  for (let presses = 0; presses < 2; presses += 1) await first.locator('button.head').press('Enter');
  await command.and(page.locator('[data-state="refused"]')).waitFor({ timeout: 20_000 });
  expect(await command.textContent()).toContain('the battery is low');

  // A device that gets well leaves the row that somebody works in where it is, and what was typed there.
  await page.getByRole('button', { name: 'Ask the device…' }).press('Enter');
  await dialog.getByRole('combobox').first().selectOption('settings');
  await dialog.locator('textarea').fill('sampling.intervalS: 60');
  await hulu.health({ batteryMv: 12_600, clock: 'synced' });
  await row(page, 'hulu').and(page.locator('[data-urgency="well"]')).waitFor({ timeout: 30_000 });
  expect(await dialog.locator('textarea').inputValue()).toBe('sampling.intervalS: 60');
  expect(await page.getByTestId('device').textContent()).toContain('Certificate issued');
  await dialog.press('Escape');
  await row(page, 'hulu').locator('button.head').press('Enter');
  await page.getByTestId('fleet-well').and(page.locator(':has([data-station="hulu"])')).waitFor();

  // Old and new stage of the present moment are told before anyone decides; then the new one counts.
  await row(page, 'tengah').locator('button.head').click();
  const proposal = page.getByTestId('proposal');
  expect(await proposal.getByTestId('difference').textContent()).toContain('1020 mm instead of 900 mm (+120 mm)');
  expect(await proposal.textContent()).toContain('Staff gauge read 1020 mm');
  const light = await openFleet(flow, platform.httpUrl, 'light', 1280);
  await row(light, 'tengah').locator('button.head').click();
  await light.getByTestId('proposal').waitFor();
  for (const shown of [page, light]) {
    const { violations } = await new AxeBuilder({ page: shown }).include('[data-testid="page"]').analyze();
    expect(violations.map(({ id: rule, nodes }) => `${rule}: ${nodes.map(({ html }) => html)}`)).toEqual([]);
  }
  await proposal.getByRole('button', { name: 'Accept' }).click();
  await proposal.and(page.locator('[data-state="accepted"]')).waitFor();
  const { stations: told } = await (await fetch(`${platform.httpUrl}/api/v1/snapshot`)).json();
  const there = told.find(({ info }: { info: { id: string } }) => info.id === 'tengah');
  expect(there).toMatchObject({ value: { stageMm: 1_020 }, level: { severity: 1 } });
});
