/**
 * A GSM modem on a real tty, under a link that stays when it is pulled out, as /dev/serial/by-id does. It echoes until
 * told not to, talks unasked, wants its PIN, and decodes what it is given as the network would.
 */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { smsModem } from '../channels/sms-modem.ts';
import { textOfSeptets, unpackSeptets } from '../sms/gsm7.ts';
import { type Arrived, type FakeChannel, type FakeFault, slowMs } from './fake.ts';
import { openPty, type Pty } from './pty.ts';

export type FakeModemState = {
  /** Null: not locked. */
  pin: string | null;
  pinTries: number;
  /** Of +CREG: 0 none, 1 home, 2 searching, 3 denied, 5 roaming. */
  registration: number;
  /** The number of the +CMS ERROR that the next messages end in; null for none. */
  cmsError: number | null;
};
export type FakeModem = FakeChannel & {
  readonly state: FakeModemState;
  /** Every command and PDU heard. */
  readonly heard: readonly string[];
};

type Part = {
  readonly to: string;
  readonly text: string;
  readonly ref: number;
  readonly of: number;
  readonly no: number;
};

export async function startFakeSmsModem(changes: Partial<FakeModemState> = {}): Promise<FakeModem> {
  const folder = mkdtempSync(join(tmpdir(), 'siaga-modem-'));
  const link = join(folder, 'modem');
  const state: FakeModemState = { pin: null, pinTries: 3, registration: 1, cmsError: null, ...changes };
  const heard: string[] = [];
  const arrived: Arrived[] = [];
  const timers = new Set<NodeJS.Timeout>();
  let parts: Part[] = [];
  let fault: FakeFault = 'none';
  let pty: Pty | null = null;
  let input = '';
  let echo = true;
  let entering = false;
  let locked = state.pin !== null;
  let sent = 0;

  const say = (text: string): void => pty?.write(`\r\n${text}\r\n`);

  function deliver(pdu: string): void {
    const part = readSubmit(pdu);
    parts.push(part);
    const whole = parts.filter(({ to, ref }) => to === part.to && ref === part.ref);
    if (whole.length < part.of) return;
    parts = parts.filter((each) => !whole.includes(each));
    const text = whole
      .sort((a, b) => a.no - b.no)
      .map((each) => each.text)
      .join('');
    arrived.push({ address: part.to, text, drill: text.startsWith('DRILL:'), key: null });
  }

  function takePdu(pdu: string): void {
    const codes: Partial<Record<FakeFault, number>> = { gone: 28, busy: 42, error: 500 };
    const code = state.cmsError ?? codes[fault];
    if (code !== undefined) say(`+CMS ERROR: ${code}`);
    if (code !== undefined || fault === 'hang') return;
    deliver(pdu);
    const done = (): void => {
      say('+CREG: 5');
      say(`+CMGS: ${++sent % 256}`);
      say('OK');
    };
    if (fault === 'cut') void unplug();
    else if (fault === 'slow') timers.add(setTimeout(done, slowMs));
    else done();
  }

  function answerTo(command: string): string {
    const [, entered] = /^AT\+CPIN="(\d+)"$/.exec(command) ?? [];
    if (command === 'ATE0') echo = false;
    if (['AT', 'ATE0', 'AT+CMEE=1'].includes(command)) return 'OK';
    if (command === 'AT+CPIN?') return `+CPIN: ${locked ? 'SIM PIN' : 'READY'}\r\n\r\nOK`;
    if (command === 'AT+CPINR="SIM PIN"') return `+CPINR: SIM PIN,${state.pinTries},3\r\n\r\nOK`;
    if (entered !== undefined && entered !== state.pin) {
      state.pinTries--;
      return '+CME ERROR: 16';
    }
    if (entered !== undefined) locked = false;
    if (locked) return '+CME ERROR: 11';
    if (entered !== undefined || command === 'AT+CMGF=0') return 'OK';
    if (command === 'AT+CREG?') return `+CREG: 5\r\n\r\n+CREG: 0,${state.registration}\r\n\r\nOK`;
    if (command === 'AT+CSQ') return '+CSQ: 4,99\r\n\r\nOK';
    return 'ERROR';
  }

  function takeCommand(command: string): void {
    if (command === '') return;
    heard.push(command);
    entering = !locked && /^AT\+CMGS=\d+$/.test(command);
    if (entering) pty?.write('\r\n> ');
    else say(answerTo(command));
  }

  function onText(text: string): void {
    if (echo) pty?.write(text);
    for (const character of text) {
      if (character === '\u001b') {
        if (entering) say('OK');
        entering = false;
        input = '';
      } else if (entering && character === '\u001a') {
        entering = false;
        const pdu = input.trim();
        input = '';
        heard.push(pdu);
        takePdu(pdu);
      } else if (!entering && character === '\r') {
        const command = input.trim();
        input = '';
        takeCommand(command);
      } else input += character;
    }
  }

  async function plug(): Promise<void> {
    if (pty !== null) return;
    input = '';
    echo = true;
    entering = false;
    locked = state.pin !== null;
    pty = await openPty(onText);
    symlinkSync(pty.path, link);
  }
  async function unplug(): Promise<void> {
    const pulled = pty;
    pty = null;
    rmSync(link, { force: true });
    await pulled?.unplug();
  }

  await plug();
  return {
    kind: smsModem,
    env: { SIAGA_SMS_MODEM: link },
    address: '+6281200000001',
    otherAddress: '+628120000002',
    secrets: [link],
    busyAfterS: null,
    state,
    heard,
    arrived: () => arrived,
    connections: () => pty?.openings() ?? 0,
    async set(next) {
      fault = next;
      await (next === 'down' ? unplug() : plug());
    },
    async close() {
      for (const timer of timers) clearTimeout(timer);
      await unplug();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Reads an SMS-SUBMIT with relative validity, as 3GPP TS 23.040 lays it out: written apart from the encoder. */
export function readSubmit(hex: string): Part {
  const octets = Buffer.from(hex, 'hex');
  let at = 1 + (octets[0] ?? 0);
  const first = octets[at] ?? 0;
  at += 2;
  const digits = octets[at] ?? 0;
  const addressOctets = Math.ceil(digits / 2);
  const number = octets
    .subarray(at + 2, at + 2 + addressOctets)
    .toString('hex')
    .replace(/(.)(.)/g, '$2$1')
    .slice(0, digits);
  at += 2 + addressOctets + 1;
  const coding = octets[at] ?? 0;
  const length = octets[at + 2] ?? 0;
  const user = octets.subarray(at + 3);
  const headerOctets = (first & 0x40) === 0 ? 0 : 1 + (user[0] ?? 0);
  const several =
    headerOctets > 0 ? { ref: user[3] ?? 0, of: user[4] ?? 1, no: user[5] ?? 1 } : { ref: -1, of: 1, no: 1 };
  const headerSeptets = Math.ceil((headerOctets * 8) / 7);
  const text =
    coding === 0x08
      ? Buffer.from(user.subarray(headerOctets, length)).swap16().toString('utf16le')
      : textOfSeptets(
          unpackSeptets(user.subarray(headerOctets), length - headerSeptets, headerSeptets * 7 - headerOctets * 8),
        );
  return { to: `+${number}`, text, ...several };
}
