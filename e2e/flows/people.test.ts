/**
 * Accounts in a real browser over a real server: the first admin by the printed link, the cookie on plain
 * http://localhost, a passkey in a virtual authenticator, what another page may not do, and the command line beside all.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Account, SessionInfo } from '@siaga/protocol';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { getJson } from '../harness/api.ts';
import { openBrowser } from '../harness/browser.ts';
import { writeCatalogue } from '../harness/catalogue.ts';
import { openFlow } from '../harness/flow.ts';
import { lacks } from '../harness/needs.ts';
import { viewerToken } from '../harness/platform.ts';
import { runProgram } from '../harness/programs.ts';

const lacking = lacks.chromium();

type Answer<T> = { readonly status: number; readonly body: T };

/** Asks as a page of the console does. */
function ask<T>(page: Page, method: string, path: string, body?: unknown): Promise<Answer<T>> {
  return page.evaluate(
    async ({ method, path, body }) => {
      const sent =
        body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
      const answer = await fetch(`/api/v1${path}`, { method, ...sent });
      return { status: answer.status, body: await answer.json() };
    },
    { method, path, body },
  ) as Promise<Answer<T>>;
}

/** Has the browser make (`create`) or use (`get`) a passkey by the server's options. */
function passkey(page: Page, use: 'create' | 'get', options: unknown): Promise<unknown> {
  return page.evaluate(
    async ({ use, options }) => {
      const api = PublicKeyCredential as unknown as Record<string, (json: unknown) => never>;
      const publicKey =
        api[use === 'create' ? 'parseCreationOptionsFromJSON' : 'parseRequestOptionsFromJSON']?.(options);
      const made = await navigator.credentials[use]({ publicKey: publicKey as never });
      return (made as unknown as { toJSON(): unknown }).toJSON();
    },
    { use, options },
  );
}

test.skipIf(lacking)(`a new owner signs in by the link, then by passkey${lacking ? ` (${lacking})` : ''}`, async () => {
  const flow = openFlow('people');
  const platform = await flow.platform({
    catalogue: writeCatalogue(flow.folder, [{ id: 'katulampa' }]),
    stations: ['katulampa'],
  });
  const data = join(flow.folder, 'platform');
  const link = new URL(readFileSync(join(data, 'setup-link'), 'utf8').trim());
  expect(link.hostname).toBe('localhost');
  const token = link.hash.slice('#welcome='.length);
  expect(JSON.stringify(platform.program.lines)).not.toContain(token);

  const browser = await openBrowser();
  flow.atEnd(() => browser.close());
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(link.origin);
  const password = 'three words by the river';
  const wish = { token, login: 'ratna', name: 'Ratna', password };
  expect(await ask(page, 'POST', '/invites/accept', wish)).toMatchObject({ status: 200, body: { login: 'ratna' } });
  const [cookie] = await context.cookies();
  expect(cookie).toMatchObject({ name: '__Host-siaga', httpOnly: true, secure: true, sameSite: 'Strict', path: '/' });
  expect(() => readFileSync(join(data, 'setup-link'))).toThrow(/ENOENT/);
  expect(await ask(page, 'POST', '/invites/accept', wish)).toMatchObject({ status: 404 });
  await page.reload();
  expect(await ask(page, 'GET', '/session')).toMatchObject({ status: 200, body: { fresh: true } });

  const devtools = await context.newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  expect((await ask<{ passkeys: boolean }>(page, 'GET', '/session/options')).body.passkeys).toBe(true);
  const toMake = await ask(page, 'POST', '/me/passkeys/options');
  const made = await passkey(page, 'create', toMake.body);
  const added = await ask<Account>(page, 'POST', '/me/passkeys', { name: 'This laptop', response: made });
  expect(added).toMatchObject({ status: 200, body: { passkeys: [{ name: 'This laptop' }] } });
  expect(await ask(page, 'POST', '/me/passkeys', { name: 'Again', response: made })).toMatchObject({ status: 400 });

  await ask(page, 'DELETE', '/session');
  expect(await ask(page, 'GET', '/session')).toMatchObject({ status: 401 });
  const toSign = await ask(page, 'POST', '/session/passkey/options');
  const signed = await passkey(page, 'get', toSign.body);
  const entered = await ask<SessionInfo>(page, 'POST', '/session/passkey', { response: signed });
  expect(entered).toMatchObject({ status: 200, body: { login: 'ratna', fresh: true, account: { role: 'admin' } } });
  expect(await ask(page, 'POST', '/session/passkey', { response: signed })).toMatchObject({ status: 401 });
  expect(await ask(page, 'GET', '/session')).toMatchObject({ status: 200 });

  // A page from elsewhere, with the browser's cookies at hand.
  const elsewhere = await context.newPage();
  await elsewhere.route('http://evil.example/', (route) => route.fulfill({ contentType: 'text/html', body: 'hello' }));
  await elsewhere.goto('http://evil.example/');
  await elsewhere.evaluate(
    (url) => fetch(url, { method: 'DELETE', mode: 'no-cors', credentials: 'include' }).catch(() => {}),
    `${link.origin}/api/v1/session`,
  );
  await elsewhere.evaluate(
    (url) => fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include', body: '{}' }).catch(() => {}),
    `${link.origin}/api/v1/me/totp`,
  );
  expect(await ask(page, 'GET', '/session')).toMatchObject({ status: 200 });

  const env = { SIAGA_DATA: data };
  const invited = runProgram('siaga', ['people', 'invite', 'budi', '--role', 'operator', '--name', 'Budi'], env);
  const guest = await (await browser.newContext()).newPage();
  await guest.goto(link.origin);
  const budi = new URL(invited.trim()).hash.slice('#welcome='.length);
  expect(await ask(guest, 'POST', '/invites/look', { token: budi })).toMatchObject({
    body: { kind: 'invite', login: 'budi' },
  });
  expect(await ask(guest, 'POST', '/invites/accept', { token: budi, password: 'other words at night' })).toMatchObject({
    status: 200,
    body: { account: { role: 'operator' } },
  });
  expect(await ask(guest, 'GET', '/people')).toMatchObject({ status: 403 });
  expect(await getJson(platform.httpUrl, '/fleet', viewerToken(platform))).toMatchObject({ devices: [{}] });
  runProgram('siaga', ['people', 'disable', 'budi'], env);
  expect(await ask(guest, 'GET', '/session')).toMatchObject({ status: 401 });
  expect(runProgram('siaga', ['people', 'list'], env)).toMatch(
    /^budi +operator +disabled +Budi\nratna +admin +active +Ratna\n$/,
  );
  expect(runProgram('siaga', ['audit', 'verify'], env)).toMatch(/^\d+ lines: no faults\n/);
});
