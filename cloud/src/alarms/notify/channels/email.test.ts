import { createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { notifierContract } from '../notifier.contract.ts';
import type { Notifier } from '../notifier.ts';
import { notice, startFakeEmail } from '../testing/index.ts';
import { type Listening, listening } from '../testing/listening.ts';
import { email } from './email.ts';

notifierContract(startFakeEmail, { carries: 'text', link: true, recognisable: true });

const opened = (env: Record<string, string>): Notifier => {
  const result = email.open({ SIAGA_NOTIFY_TIMEOUT_S: '15', ...env });
  if (result.state !== 'on') throw new Error(JSON.stringify(result));
  return result.notifier;
};
const to = 'ana@example.org';

describe('at a mail server with TLS and sign-in', () => {
  let fake: Awaited<ReturnType<typeof startFakeEmail>>;
  beforeAll(async () => {
    fake = await startFakeEmail();
  });
  afterAll(() => fake.close());

  test('the letter of a drill of the top priority', async () => {
    await opened({ ...fake.env }).send(notice({ drill: true, subject: 'Bendungan naik: 水位' }), to);
    const mail = fake.mails.at(-1);
    expect(mail?.subject).toBe('DRILL: Bendungan naik: 水位');
    expect(mail?.from?.text).toBe('"Siaga Jakarta" <alarms@flood.example.org>');
    expect(mail?.messageId).toMatch(/^<[0-9a-f]{40}@flood\.example\.org>$/);
    expect(mail?.html).toBe(false);
    const headers = Object.fromEntries(
      ['siaga-kind', 'siaga-drill', 'auto-submitted', 'priority'].map((name) => [name, mail?.headers.get(name)]),
    );
    expect(headers).toEqual({
      'siaga-kind': 'alarm',
      'siaga-drill': 'true',
      'auto-submitted': 'auto-generated',
      priority: 'high',
    });
  });

  test('a wrong password is ours to mend: tried again', async () => {
    const wrong = fake.env.SIAGA_EMAIL?.replace(/:[^:@]+@/, ':wrong@') ?? '';
    expect(await opened({ ...fake.env, SIAGA_EMAIL: wrong }).send(notice(), to)).toEqual({
      state: 'retry',
      fault: 'the mail server refuses our sign-in (535 5.7.8)',
      afterS: null,
      maybeSent: false,
    });
  });

  test('a certificate that nobody vouches for is not believed', async () => {
    const { SIAGA_EMAIL } = fake.env;
    expect(await opened({ SIAGA_EMAIL: SIAGA_EMAIL ?? '' }).send(notice(), to)).toMatchObject({
      state: 'retry',
      fault: expect.stringMatching(/^certificate not trusted/),
      maybeSent: false,
    });
  });
});

describe('what the server says of a step', () => {
  // A server of a few lines: the real one cannot be made to say all of it.
  let says: Record<string, string>;
  let place: Listening;
  let heard: string[];
  const talk = (socket: Socket): void => {
    let entering = false;
    let input = '';
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    say('220 test ESMTP');
    socket.on('data', (bytes: Buffer) => {
      input += bytes.toString('latin1');
      for (let end = input.indexOf('\r\n'); end >= 0; end = input.indexOf('\r\n')) {
        const line = input.slice(0, end);
        input = input.slice(end + 2);
        const verb = line.slice(0, 4).toUpperCase();
        if (entering && line !== '.') continue;
        if (!entering) heard.push(verb);
        if (entering) say(says.end ?? '250 2.0.0 Queued');
        else if (verb === 'DATA' && says.DATA === undefined) say('354 Go ahead');
        else say(says[verb] ?? '250 OK');
        entering = !entering && verb === 'DATA' && says.DATA === undefined;
      }
    });
  };
  beforeEach(async () => {
    says = {};
    heard = [];
    place = await listening(createServer(talk));
  });
  afterEach(() => place.down());
  const send = async (host = '127.0.0.1') => {
    const notifier = opened({ SIAGA_EMAIL: `smtp://${host}:${place.port}?from=alarms@example.org` });
    const outcome = await notifier.send(notice(), to);
    await notifier.close();
    return outcome;
  };

  test('plain to this machine', async () => {
    expect(await send()).toEqual({ state: 'sent', reference: '250 2.0.0 Queued' });
  });

  test('never plain to another: without STARTTLS nothing is said', async () => {
    // To the letter no loopback address, and yet Linux leads it here.
    expect(await send('0.0.0.0')).toMatchObject({ state: 'retry', maybeSent: false });
    expect(heard).toContain('EHLO');
    expect(heard).not.toContain('MAIL');
    expect(heard).not.toContain('DATA');
  });

  test.each([
    ['RCPT', '550 5.1.1 No such user', { state: 'refused', gone: true }],
    ['RCPT', '550 No such user', { state: 'refused', gone: true }],
    ['RCPT', '550 5.2.1 Mailbox disabled', { state: 'refused', gone: true }],
    ['RCPT', '550 5.7.1 Relaying denied', { state: 'refused', gone: false }],
    ['RCPT', '552 5.2.2 Mailbox full', { state: 'refused', gone: false }],
    ['RCPT', '452 4.2.2 Mailbox full', { state: 'retry', maybeSent: false }],
    ['MAIL', '550 5.7.1 Sender not allowed', { state: 'retry', maybeSent: false }],
    ['MAIL', '421 4.7.0 Too many connections', { state: 'retry', maybeSent: false }],
    ['DATA', '451 4.3.0 Later', { state: 'retry', maybeSent: false }],
    ['end', '554 5.7.1 Looks like spam', { state: 'refused', gone: false }],
    ['end', '451 4.3.0 Later', { state: 'retry', maybeSent: false }],
  ])('at %s: %s', async (step, line, outcome) => {
    says = { [step]: line };
    const said = await send();
    expect(said).toMatchObject(outcome);
    expect(JSON.stringify(said)).toContain(line.slice(0, 3));
    expect(JSON.stringify(said)).not.toMatch(/No such|denied|spam|Later/);
  });
});

test.each([
  ['mail.example.org', 'no URL'],
  ['http://mail.example.org?from=a@b.c', 'smtp://'],
  ['smtp://mail.example.org', '?from='],
  ['smtp://mail.example.org?from=nobody', '?from='],
  ['smtp://a:%ZZ@mail.example.org?from=a@example.org', 'percent-encoded'],
])('%s: %s', (url, fault) => {
  const result = email.open({ SIAGA_EMAIL: url });
  expect(result).toMatchObject({ state: 'faulty', faults: [expect.stringContaining(fault)] });
});
