/** A mail server over TLS with sign-in. What it takes is parsed as a mail program would. */
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { email } from '../channels/email.ts';
import { testAuthority } from './authority.ts';
import { type Arrived, type FakeChannel, type FakeFault, slowMs } from './fake.ts';
import { listening } from './listening.ts';

const user = 'alarms@example.org';
const password = 'p@ss:word/of the tests';

export async function startFakeEmail(): Promise<FakeChannel & { readonly mails: readonly ParsedMail[] }> {
  const authority = await testAuthority();
  const arrived: Arrived[] = [];
  const mails: ParsedMail[] = [];
  const timers = new Set<NodeJS.Timeout>();
  let fault: FakeFault = 'none';
  const refusal = (responseCode: number, message: string) => Object.assign(new Error(message), { responseCode });

  const take = async (stream: SMTPServerDataStream, session: SMTPServerSession): Promise<void> => {
    const mail = await simpleParser(stream);
    if (fault === 'hang') return new Promise(() => undefined);
    if (fault === 'error') throw refusal(451, '4.3.0 Local error in processing');
    mails.push(mail);
    for (const { address } of session.envelope.rcptTo)
      arrived.push({
        address,
        text: `${mail.subject ?? ''}\n${mail.text ?? ''}`,
        drill: mail.headers.get('siaga-drill') === 'true',
        key: mail.messageId ?? null,
      });
    if (fault === 'cut') for (const connection of smtp.connections) connection._socket.destroy();
    if (fault !== 'slow') return;
    await new Promise<void>((resolve) => {
      timers.add(setTimeout(resolve, slowMs));
    });
  };

  const smtp = new SMTPServer({
    secure: true,
    cert: authority.server.certPem,
    key: authority.server.keyPem,
    authMethods: ['PLAIN', 'LOGIN'],
    logger: false,
    disableReverseLookup: true,
    closeTimeout: 1,
    onAuth: (auth, _session, done) =>
      auth.username === user && auth.password === password
        ? done(null, { user })
        : done(refusal(535, '5.7.8 Authentication failed')),
    onRcptTo: ({ address }, _session, done) => {
      if (fault === 'gone') return done(refusal(550, `5.1.1 <${address}>: no such user`));
      if (fault === 'busy') return done(refusal(450, `4.7.1 <${address}>: greylisted`));
      done();
    },
    onData: (stream, session, done) => {
      take(stream, session).then(
        () => done(null, 'Queued as 4711'),
        (error: Error) => done(error),
      );
    },
  });
  smtp.on('error', () => undefined);
  const place = await listening(smtp.server, () => {
    for (const socket of smtp._pendingSockets.values()) socket.destroy();
    for (const connection of smtp.connections) connection._socket.destroy();
  });
  return {
    kind: email,
    env: {
      SIAGA_EMAIL: `smtps://${encodeURIComponent(user)}:${encodeURIComponent(password)}@localhost:${place.port}?from=alarms@flood.example.org`,
      SIAGA_NOTIFY_CA: authority.caFile,
    },
    address: 'ana@example.org',
    otherAddress: 'budi@example.org',
    secrets: [password, encodeURIComponent(password)],
    busyAfterS: null,
    mails,
    arrived: () => arrived,
    connections: place.connections,
    async set(next) {
      fault = next;
      await (next === 'down' ? place.down() : place.up());
    },
    async close() {
      for (const timer of timers) clearTimeout(timer);
      await place.down();
      authority.remove();
    },
  };
}
