/**
 * E-mail by SMTP (RFC 5321), one connection a message. TLS is always verified; without TLS only to this machine.
 * Sent again, a message has the same Message-ID: most mailboxes show it once, none promises to.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import MailComposer from 'nodemailer/lib/mail-composer';
import SMTPConnection, { type SMTPConnectionOptions } from 'nodemailer/lib/smtp-connection';
import { codeOf, codeText } from '../faults.ts';
import type { Address, Notice, Notifier, NotifierKind, SendOutcome } from '../notifier.ts';
import { isLoopbackHost } from '../reachable.ts';
import { type Fault, fault, readSettings } from '../settings.ts';
import { cleanLine, marked, wholeText } from '../text.ts';
import { tracked } from '../tracked.ts';

type Mail = {
  readonly from: string;
  readonly auth: { readonly user: string; readonly pass: string } | null;
  readonly connection: SMTPConnectionOptions;
};

const mailbox = /^[^\s@<>()[\]\\,;:"]{1,64}@[^\s@<>()[\]\\,;:"]{1,190}$/;
const noMail: Mail = { from: '', auth: null, connection: {} };

export const email: NotifierKind = {
  name: 'email',
  variables: ['SIAGA_EMAIL'],
  contact: 'email',
  open(env) {
    const settings = readSettings(env);
    settings.required('SIAGA_EMAIL');
    const mail = settings.parsed<Mail>('SIAGA_EMAIL', noMail, readMailUrl);
    const { timeoutMs, ca } = settings.network();
    return settings.opened(() =>
      openEmail({ ...mail, connection: { ...mail.connection, tls: { ...(ca && { ca: [...ca] }) } } }, timeoutMs),
    );
  },
};

/** `smtp(s)://user:pass@host:port?from=alarms@example.org`; user and password percent-encoded. */
function readMailUrl(value: string): Mail | Fault {
  if (!URL.canParse(value)) return fault('is no URL; give smtp(s)://user:password@host:port?from=ADDRESS');
  const url = new URL(value);
  if (url.protocol !== 'smtp:' && url.protocol !== 'smtps:') return fault('must begin with smtp:// or smtps://');
  const from = url.searchParams.get('from') ?? '';
  if (url.hostname === '') return fault('names no host');
  if (!mailbox.test(from)) return fault('needs ?from=ADDRESS, the address that messages come from');
  const local = isLoopbackHost(url.hostname);
  let auth: Mail['auth'] = null;
  try {
    if (url.username !== '') auth = { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) };
  } catch {
    return fault('user and password must be percent-encoded');
  }
  return {
    from,
    auth,
    connection: {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      ...(url.port !== '' && { port: Number(url.port) }),
      secure: url.protocol === 'smtps:',
      requireTLS: !local,
      ignoreTLS: local,
    },
  };
}

function openEmail(mail: Mail, timeoutMs: number): Notifier {
  return tracked(email.name, async (notice, to, ended): Promise<SendOutcome> => {
    if (!mailbox.test(to)) return { state: 'refused', fault: 'not an e-mail address', gone: false };
    const message = await compose(mail.from, notice, to);
    const connection = new SMTPConnection({ ...mail.connection, ...timeouts(timeoutMs) });
    // The steps have limits each; the whole has one of its own.
    const limit = AbortSignal.any([AbortSignal.timeout(timeoutMs), ended]);
    try {
      return await converse(connection, mail, to, message, limit, timeoutMs);
    } finally {
      connection.close();
    }
  });
}

const timeouts = (timeoutMs: number): SMTPConnectionOptions => ({
  connectionTimeout: timeoutMs,
  greetingTimeout: timeoutMs,
  socketTimeout: timeoutMs,
  dnsTimeout: timeoutMs,
  socketCloseTimeout: 0,
});

/** Connect, sign in, send. All of it ends at the first answer, fault or limit. */
function converse(
  connection: SMTPConnection,
  { from, auth }: Mail,
  to: Address,
  message: Buffer,
  limit: AbortSignal,
  timeoutMs: number,
): Promise<SendOutcome> {
  const body = Readable.from([message]);
  let handedOver = false;
  body.once('end', () => {
    handedOver = true;
  });
  return new Promise((resolve) => {
    const failed = (error: Error): void => resolve(mailFault(error, handedOver));
    const retry = (fault: string): void => resolve({ state: 'retry', fault, afterS: null, maybeSent: handedOver });
    const ended = (): void =>
      retry(limit.reason?.name === 'TimeoutError' ? `no answer in ${timeoutMs / 1000} s` : 'closing');
    limit.addEventListener('abort', ended, { once: true });
    connection.on('error', failed);
    connection.once('end', () => retry(codeText('ECONNECTION')));
    const send = (): void =>
      connection.send({ from, to: [to] }, body, (error, info) => {
        if (error) return failed(error);
        connection.quit();
        // The server's own name for it, by which its log is searched.
        resolve({ state: 'sent', reference: cleanLine(info?.response ?? '', 100) || null });
      });
    connection.connect((error) => {
      if (error) return failed(error);
      if (auth === null) return send();
      connection.login({ credentials: { ...auth } }, (refused) => (refused ? failed(refused) : send()));
    });
  });
}

async function compose(from: string, notice: Notice, to: Address): Promise<Buffer> {
  const id = createHash('sha256').update(notice.idempotencyKey).digest('hex').slice(0, 40);
  const urgent = notice.priority === 'high' && notice.kind === 'alarm';
  return new MailComposer({
    from: { name: cleanLine(notice.deployment, 60), address: from },
    to: { name: '', address: to },
    subject: marked(notice, cleanLine(notice.subject, 120)),
    messageId: `<${id}@${from.slice(from.indexOf('@') + 1)}>`,
    text: wholeText(notice, 20_000),
    headers: {
      'Auto-Submitted': 'auto-generated',
      'Siaga-Key': id,
      'Siaga-Kind': notice.kind,
      'Siaga-Drill': String(notice.drill),
      ...(urgent && { Importance: 'high', 'X-Priority': '1' }),
    },
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build();
}

type MailError = Error & { command?: string; response?: string; responseCode?: number | false; originalCode?: string };

/** What the server said goes by its codes (RFC 5321 §4.2.1, RFC 3463): its texts repeat addresses. */
function mailFault(error: MailError, handedOver: boolean): SendOutcome {
  const code = error.responseCode || 0;
  const enhanced = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})/.exec(error.response ?? '')?.[1] ?? '';
  const said = `${code}${enhanced === '' ? '' : ` ${enhanced}`}`;
  if (code === 0) {
    const fault = codeText(error.originalCode ?? codeOf(error));
    return { state: 'retry', fault, afterS: null, maybeSent: handedOver };
  }
  const retry = (what: string): SendOutcome => ({
    state: 'retry',
    fault: `${what} (${said})`,
    afterS: null,
    maybeSent: false,
  });
  if (codeOf(error) === 'EAUTH') return retry('the mail server refuses our sign-in');
  if (code < 500) return retry('the mail server asks to come back later');
  if (error.command === 'RCPT TO') {
    // 5.1: no such mailbox. 5.2.1: it is disabled. 5.7 is about us, or about the content.
    const gone = enhanced === '' ? [550, 551, 553].includes(code) : /^5\.(1\.|2\.1$)/.test(enhanced);
    return { state: 'refused', fault: `the mail server refuses the address (${said})`, gone };
  }
  if (error.command === 'DATA')
    return { state: 'refused', fault: `the mail server refuses the message (${said})`, gone: false };
  return retry('the mail server refuses us');
}
