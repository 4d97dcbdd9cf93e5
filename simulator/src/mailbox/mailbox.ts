/** A mailbox for demonstrations: takes every message that comes by SMTP, keeps it, and shows it on a page. Loopback only. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import type { Mail } from './mail.ts';
import { mailPage } from './page.ts';

export type Mailbox = {
  /** `smtp://127.0.0.1:2525` */
  readonly smtpUrl: string;
  readonly httpUrl: string;
  close(): Promise<void>;
};

const maxMessageBytes = 1024 * 1024;
const maxShown = 500;
/** How long the end waits for a client that keeps its connection. */
const closingMs = 500;

/** Starts it over `folder`, where earlier messages may lie. Port 0 picks a free one. */
export async function startMailbox(options: {
  readonly folder: string;
  readonly smtpPort: number;
  readonly httpPort: number;
}): Promise<Mailbox> {
  const { folder } = options;
  await mkdir(folder, { recursive: true });
  let last = Math.max(0, ...(await numbersIn(folder)));

  const smtp = new SMTPServer({
    authOptional: true,
    // On loopback there is no one between.
    disabledCommands: ['STARTTLS'],
    size: maxMessageBytes,
    closeTimeout: closingMs,
    onAuth: (_auth, _session, done) => done(null, { user: 'anyone' }),
    onData(stream, session, done) {
      keep(
        stream,
        session.envelope.rcptTo.map(({ address }) => address),
      ).then(
        () => done(null),
        (error: Error) => done(error),
      );
    },
  });
  // A client that hangs up in the middle is no fault of ours.
  smtp.on('error', () => {});

  async function keep(stream: NodeJS.ReadableStream, to: readonly string[]): Promise<void> {
    const source = await textOf(stream);
    last += 1;
    const envelope = `X-Envelope-To: ${to.join(', ').replaceAll(/[\r\n]/g, ' ')}\r\n`;
    await writeFile(join(folder, `${last}.eml`), envelope + source);
  }

  const http = createServer((request, response) => {
    answer(request.url ?? '/').then(
      ({ type, body }) => {
        response.writeHead(200, {
          'content-type': type,
          'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
          'x-content-type-options': 'nosniff',
          'cache-control': 'no-store',
        });
        response.end(body);
      },
      () => response.writeHead(500).end(),
    );
  });

  async function answer(url: string): Promise<{ type: string; body: string }> {
    const mails = await mailsIn(folder);
    return url === '/messages.json'
      ? { type: 'application/json', body: JSON.stringify(mails) }
      : { type: 'text/html; charset=utf-8', body: mailPage(mails.toReversed()) };
  }

  try {
    const smtpPort = await listen(smtp.server as unknown as Server, options.smtpPort, () =>
      smtp.listen(options.smtpPort, '127.0.0.1'),
    );
    const httpPort = await listen(http, options.httpPort, () => http.listen(options.httpPort, '127.0.0.1'));
    return { smtpUrl: `smtp://127.0.0.1:${smtpPort}`, httpUrl: `http://localhost:${httpPort}`, close };
  } catch (error) {
    await close();
    throw error;
  }

  async function close(): Promise<void> {
    http.closeAllConnections();
    await Promise.all([
      new Promise<void>((done) => http.close(() => done())),
      new Promise<void>((done) => smtp.close(() => done())),
    ]);
  }
}

async function listen(server: Server, port: number, begin: () => void): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', (error) => reject(new Error(`Port ${port} cannot be listened on: ${error.message}`)));
    begin();
  });
  return (server.address() as AddressInfo).port;
}

async function numbersIn(folder: string): Promise<number[]> {
  const files = await readdir(folder);
  return files
    .flatMap((file) => /^(\d+)\.eml$/.exec(file)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** The newest messages of a folder, oldest first. */
async function mailsIn(folder: string): Promise<Mail[]> {
  const mails: Mail[] = [];
  for (const no of (await numbersIn(folder)).slice(-maxShown)) {
    const parsed = await simpleParser(await readFile(join(folder, `${no}.eml`)));
    mails.push({
      no,
      to: String(parsed.headers.get('x-envelope-to') ?? '').split(', '),
      subject: parsed.subject ?? '',
      text: parsed.text ?? '',
      messageId: parsed.messageId ?? '',
      date: parsed.date?.toISOString() ?? null,
    });
  }
  return mails;
}
