/**
 * A GSM modem that sends one message after another. It is opened and made ready when there is something to send, and
 * opened afresh after any silence or loss. Its PIN is never tried twice, nor when only one attempt is left.
 */
import { codeOf } from '../faults.ts';
import type { SendOutcome } from '../notifier.ts';
import { type AtAnswer, type AtPort, openAtPort } from './at.ts';
import { modemFault, modemOutcome } from './modem-errors.ts';
import type { SubmitPdu } from './pdu.ts';

export type ModemSettings = {
  readonly path: string;
  readonly baudRate: number;
  readonly pin: string | null;
  /** For the answer to one short command, ms. */
  readonly answerMs: number;
};

export type Modem = {
  /** Ends by `deadlineMs` of `performance.now()`. Callers take turns. */
  send(parts: readonly SubmitPdu[], deadlineMs: number): Promise<SendOutcome>;
  close(): Promise<void>;
};

/** In which an idle modem says nothing to an escape. */
const settleMs = 200;
const escapeKey = '\u001b';
const endOfPdu = '\u001a';
/** Home network and roaming, of +CREG and +CEREG (TS 27.007 §7.2). */
const registered = /: *\d, *[15]\b/;

export function openModem({ path, baudRate, pin, answerMs }: ModemSettings): Modem {
  let port: AtPort | null = null;
  let pinSpent = false;
  let closed = false;

  const retry = (fault: string, maybeSent = false): SendOutcome => ({ state: 'retry', fault, afterS: null, maybeSent });

  async function drop(): Promise<void> {
    const dropped = port;
    port = null;
    await dropped?.close();
  }

  /** An open, unlocked modem in PDU mode; a text says why not. */
  async function ready(deadlineMs: number): Promise<AtPort | string> {
    if (port !== null && !port.lost()) return port;
    await drop();
    try {
      port = await openAtPort(path, baudRate);
    } catch (error) {
      return `the modem's port cannot be opened${/^E[A-Z]+$/.test(codeOf(error)) ? ` (${codeOf(error)})` : ''}`;
    }
    const at = port;
    // A message may have been half entered before: what this ends, and what it answers, is passed over.
    await at.ask(escapeKey, within(deadlineMs, Math.min(settleMs, answerMs)));
    await at.ask('AT\r', within(deadlineMs, answerMs));
    const fault =
      (await told(at, 'ATE0\r', deadlineMs)) ??
      (await told(at, 'AT+CMEE=1\r', deadlineMs)) ??
      (await unlock(at, deadlineMs)) ??
      (await told(at, 'AT+CMGF=0\r', deadlineMs));
    if (fault === null && !closed) return at;
    await drop();
    return fault ?? 'closing';
  }

  const within = (deadlineMs: number, limitMs: number): number =>
    Math.max(1, Math.min(limitMs, deadlineMs - performance.now()));

  async function told(at: AtPort, command: string, deadlineMs: number): Promise<string | null> {
    return faultOf(await at.ask(command, within(deadlineMs, answerMs)));
  }

  async function unlock(at: AtPort, deadlineMs: number): Promise<string | null> {
    const asked = await at.ask('AT+CPIN?\r', within(deadlineMs, answerMs));
    if (asked.state !== 'ok') return faultOf(asked);
    const state = valueAfter(asked, '+CPIN:');
    if (state === 'READY') return null;
    if (state !== 'SIM PIN') return `the SIM is locked (${/PUK/.test(state) ? 'PUK' : 'not by its PIN'})`;
    if (pin === null) return 'the SIM wants its PIN: set SIAGA_SMS_MODEM_PIN';
    if (pinSpent) return 'the SIM has refused its PIN: mend SIAGA_SMS_MODEM_PIN and restart';
    const left = await at.ask('AT+CPINR="SIM PIN"\r', within(deadlineMs, answerMs));
    if (left.state === 'ok' && Number(valueAfter(left, '+CPINR:').split(',')[1] ?? 3) <= 1)
      return 'only one attempt is left for the SIM PIN: enter it by hand';
    pinSpent = true;
    const entered = await at.ask(`AT+CPIN="${pin}"\r`, within(deadlineMs, answerMs));
    if (entered.state === 'ok') pinSpent = false;
    return faultOf(entered);
  }

  /** Null when there is a network. */
  async function networkFault(at: AtPort, deadlineMs: number): Promise<string | null> {
    for (const command of ['CREG', 'CEREG']) {
      const asked = await at.ask(`AT+${command}?\r`, within(deadlineMs, answerMs));
      if (asked.state === 'silent' || asked.state === 'lost') return faultOf(asked);
      // News of the network, which nobody asked for, has one number; the answer has two.
      const lines = asked.state === 'ok' ? asked.lines : [];
      if (lines.some((line) => line.startsWith(`+${command}:`) && registered.test(line))) return null;
    }
    const asked = await at.ask('AT+CSQ\r', within(deadlineMs, answerMs));
    const strength = asked.state === 'ok' ? Number(valueAfter(asked, '+CSQ:').split(',')[0]) : 99;
    return `no network: the modem is not registered (signal ${strength <= 31 ? `${strength} of 31` : 'unknown'})`;
  }

  async function send(parts: readonly SubmitPdu[], deadlineMs: number): Promise<SendOutcome> {
    if (closed) return retry('closing');
    if (performance.now() >= deadlineMs) return retry('the modem was busy with others');
    const at = await ready(deadlineMs);
    if (typeof at === 'string') return retry(at);
    const noNetwork = await networkFault(at, deadlineMs);
    if (noNetwork !== null) {
      if (at.lost() || noNetwork === silence) await drop();
      return retry(noNetwork);
    }
    const references: string[] = [];
    for (const { hex, length } of parts) {
      const begun = references.length > 0;
      const prompt = await at.ask(`AT+CMGS=${length}\r`, within(deadlineMs, answerMs));
      if (prompt.state === 'error') return modemOutcome(prompt, begun);
      if (prompt.state !== 'prompt') {
        await drop();
        return retry(faultOf(prompt) ?? 'the modem does not ask for the message', begun);
      }
      const sent = await at.ask(hex + endOfPdu, within(deadlineMs, Number.POSITIVE_INFINITY));
      if (sent.state === 'error') return modemOutcome(sent, begun);
      if (sent.state !== 'ok') {
        await drop();
        return retry(faultOf(sent) ?? 'the modem does not say that it sent', true);
      }
      references.push(valueAfter(sent, '+CMGS:'));
    }
    return { state: 'sent', reference: references.join(' ') || null };
  }

  let turn: Promise<unknown> = Promise.resolve();
  return {
    send(parts, deadlineMs) {
      const mine = turn.then(() => send(parts, deadlineMs));
      turn = mine.catch(() => undefined);
      return mine;
    },
    async close() {
      closed = true;
      await drop();
    },
  };
}

const silence = 'the modem does not answer';

function faultOf(answer: AtAnswer): string | null {
  switch (answer.state) {
    case 'ok':
      return null;
    case 'error':
      return modemFault(answer);
    case 'lost':
      return 'the modem is gone';
    case 'silent':
      return silence;
    case 'prompt':
      return 'the modem asks for a message unasked';
  }
}

/** What follows a prefix in the answer. */
function valueAfter(answer: Extract<AtAnswer, { state: 'ok' }>, prefix: string): string {
  const line = answer.lines.find((each) => each.startsWith(prefix));
  return line === undefined ? '' : line.slice(prefix.length).trim();
}
