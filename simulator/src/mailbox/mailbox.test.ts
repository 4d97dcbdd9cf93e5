import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Mailbox, startMailbox } from './mailbox.ts';

let folder: string;
let mailbox: Mailbox;
const start = async () => {
  mailbox = await startMailbox({ folder, smtpPort: 0, httpPort: 0 });
};
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'siaga-mail-'));
  await start();
});
afterEach(async () => {
  await mailbox.close();
  rmSync(folder, { recursive: true });
});

/** Speaks SMTP as RFC 5321 has it: each line is sent when the one before was answered. */
async function deliver(lines: readonly string[]): Promise<string[]> {
  const socket = connect(Number(new URL(mailbox.smtpUrl).port), '127.0.0.1');
  const said: string[] = [];
  const left = [...lines];
  for await (const line of createInterface({ input: socket })) {
    said.push(line);
    if (/^\d{3}-/.test(line)) continue;
    const next = left.shift();
    if (next === undefined) socket.end();
    else socket.write(`${next}\r\n`);
  }
  return said;
}

const message = (subject: string, text: string) => [
  'EHLO here',
  'MAIL FROM:<siaga@localhost>',
  'RCPT TO:<ani@example.org>',
  'DATA',
  `Message-ID: <1@siaga>\r\nSubject: ${subject}\r\nTo: someone-else@example.org\r\n\r\n${text}\r\n.`,
  'QUIT',
];
const mails = async () => (await fetch(`${mailbox.httpUrl}/messages.json`)).json();

test('keeps what comes, with its receiver, across a restart', async () => {
  expect((await deliver(message('Siaga I', 'Katulampa'))).at(-2)).toMatch(/^250 /);
  await mailbox.close();
  await start();
  await deliver(message('second', 'x'));
  expect(await mails()).toMatchObject([
    { no: 1, to: ['ani@example.org'], subject: 'Siaga I', messageId: '<1@siaga>' },
    { no: 2, subject: 'second' },
  ]);
});

test('shows the newest first, as text and never as markup', async () => {
  await deliver(message('first', 'x'));
  await deliver(message('<script>alert(1)</script>', '<img src=x onerror=alert(1)>'));
  const answer = await fetch(mailbox.httpUrl);
  const page = await answer.text();
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(page).toContain('&lt;img src=x');
  expect(page).not.toMatch(/<(script|img)/);
  expect(page.indexOf('&lt;script')).toBeLessThan(page.indexOf('first'));
  expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
});

test('ends though a client keeps its connection', async () => {
  const socket = connect(Number(new URL(mailbox.smtpUrl).port), '127.0.0.1');
  await new Promise((greeted) => socket.once('data', greeted));
  const ended = new Promise((done) => socket.once('close', done));
  await mailbox.close();
  await ended;
  await start();
});

test('says which port is taken', async () => {
  const httpPort = Number(new URL(mailbox.httpUrl).port);
  await expect(startMailbox({ folder, smtpPort: 0, httpPort })).rejects.toThrow(
    `Port ${httpPort} cannot be listened on`,
  );
});
