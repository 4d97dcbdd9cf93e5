/**
 * A new user, from a fresh `npm start`: the printed link makes her account, the alarm of the rising river is on her
 * screen, her acknowledgement comes back with her name, and the e-mail lies in the mailbox. With SIAGA_SHOTS set to a
 * folder, a picture of each step is left there.
 */
import { join } from 'node:path';
import { clockToText } from '@siaga/protocol';
import type { Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { openBrowser } from '../harness/browser.ts';
import { eventually } from '../harness/eventually.ts';
import { temporaryFolder } from '../harness/folders.ts';
import { lacks } from '../harness/needs.ts';
import { freePorts, npmStart, processesNaming } from '../harness/npm-start.ts';
import { ani, beWelcomed, fillWelcome } from '../harness/welcome.ts';

/** The scenario enters six minutes before Katulampa reaches Siaga I: a minute and a half at this speed. */
const speed = 4;
const shots = process.env.SIAGA_SHOTS;

type Mail = {
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly messageId: string;
};

async function startedFresh(): Promise<string> {
  const { path, remove } = temporaryFolder('new-user');
  onTestFinished(async () => {
    for (const id of processesNaming(path)) process.kill(id, 'SIGKILL');
    await eventually('nothing to be left', () => processesNaming(path).length === 0);
    remove();
  });
  const [httpPort, mqttPort] = await freePorts(2);
  const nowMs = Date.now();
  const npm = npmStart({
    SIAGA_DATA: join(path, 'data'),
    SIAGA_HTTP_PORT: `${httpPort}`,
    SIAGA_MQTT_PORT: `${mqttPort}`,
    SIAGA_CLOCK: clockToText(nowMs, nowMs, speed),
  });
  let ended = false;
  void npm.exited.then(() => {
    ended = true;
  });
  await eventually('every gauge to report', () => ended || /^ +Live /m.test(npm.said()), { withinMs: 180_000 });
  onTestFinished(async () => {
    npm.interrupt();
    await npm.exited;
  });
  return npm.said();
}

function found(text: string, what: RegExp): string {
  const match = what.exec(text)?.[1];
  if (match === undefined) throw new Error(`npm start did not print ${what}: ${text}`);
  return match;
}

async function picture(page: Page, name: string): Promise<void> {
  if (shots !== undefined) await page.screenshot({ path: join(shots, `new-user-${name}.png`) });
}

test('signs in by the printed link, sees the alarm, acknowledges it, and has been told by e-mail', async (ctx) => {
  ctx.skip(lacks.chromium() !== undefined, lacks.chromium());
  const said = await startedFresh();
  const link = found(said, /^ +Sign in +(http:\/\/localhost:\d+\/#welcome=\S+)/m);
  const mailboxUrl = found(said, /^ +Mailbox +(http:\/\/localhost:\d+)/m);
  const mails = async (): Promise<Mail[]> => (await fetch(`${mailboxUrl}/messages.json`)).json() as Promise<Mail[]>;
  const about = async (subject: RegExp) => (await mails()).filter((mail) => subject.test(mail.subject));
  expect(await mails()).toEqual([]);

  const browser = await openBrowser();
  onTestFinished(() => browser.close());
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark' });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));

  await fillWelcome(page, link, ani);
  await picture(page, '1-welcome');
  await beWelcomed(page);
  expect(page.url()).not.toContain('welcome');
  const cookies = await context.cookies();
  expect(cookies).toMatchObject([{ name: '__Host-siaga', httpOnly: true, secure: true }]);

  // The storm of the Ciliwung is one item; while Katulampa's alarm is alone in it, it is that alarm.
  const katulampa = page.locator('[data-testid="alarm-row"][data-station="katulampa"][data-priority]');
  const item = page.locator('[data-testid="group-row"]').filter({ hasText: 'Katulampa' }).first();
  await katulampa.or(item).first().waitFor();
  await picture(page, '2-alarms');
  if (!(await katulampa.first().isVisible())) await item.locator('button.main').click();
  await katulampa.first().waitFor();
  expect(await katulampa.first().getAttribute('data-standing')).toBe('active');

  // By keyboard: to the row, and `a`. What shows the acknowledgement is the server's echo, with her name.
  await katulampa.first().locator('button.main').focus();
  await page.keyboard.press('a');
  await page.locator('[data-testid="alarm-row"][data-station="katulampa"][data-standing="acknowledged"]').waitFor();
  expect(await katulampa.first().textContent()).toContain(ani.name);
  await picture(page, '3-acknowledged');

  const [told] = await eventually('the e-mail', async () => {
    const found = await about(/^Siaga II at Katulampa/);
    return found.length > 0 ? found : undefined;
  });
  expect(told).toMatchObject({ to: [ani.email] });
  expect(told?.text).toContain('sensor');
  expect(told?.text).toContain(new URL(link).origin);

  // The river goes on rising: the upward step cancels her acknowledgement and calls anew.
  const danger = page.locator('[data-testid="alarm-row"][data-station="katulampa"][data-priority="high"]');
  await danger.first().waitFor({ timeout: 240_000 });
  expect(await danger.first().getAttribute('data-standing')).toBe('active');
  await picture(page, '4-higher');
  await danger.first().locator('button.main').click();
  const detail = page.getByTestId('alarm-detail');
  await detail.locator('[data-testid="delivery"][data-state="sent"]').first().waitFor({ timeout: 60_000 });
  await picture(page, '5-detail');
  const worse = await eventually('the second e-mail', async () => {
    const found = await about(/^Siaga I at Katulampa/);
    return found.length > 0 ? found : undefined;
  });
  expect(worse).toHaveLength(1);
  const all = await mails();
  expect(new Set(all.map(({ messageId }) => messageId)).size).toBe(all.length);

  const box = await context.newPage();
  await box.goto(mailboxUrl);
  await box.getByText('Siaga I at Katulampa').first().waitFor();
  await picture(box, '6-mailbox');

  // The link was good once.
  const again = await browser.newContext();
  const second = await again.newPage();
  await second.goto(link);
  await second
    .getByText(/used|no longer|not good|expired/i)
    .first()
    .waitFor();
  expect(faults).toEqual([]);
});
