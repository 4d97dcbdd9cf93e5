/** What a modem's error numbers mean (3GPP TS 27.005 §3.2.5, TS 27.007 §9.2, TS 24.011 annex E) for a message. */
import type { SendOutcome } from '../notifier.ts';
import type { AtAnswer } from './at.ts';

/** The number is none, or nobody's. Every other cause is about our SIM, our modem or the network, and may pass. */
const unknownNumber = [1, 28, 30];
/** The modem calls the message itself wrong. */
const unsendable = [304, 305];

const words: Readonly<Record<string, string>> = {
  cms8: 'the network bars this SIM',
  cms10: 'the network bars this SIM',
  cms27: 'the phone is out of order',
  cms38: 'the network is out of order',
  cms41: 'a temporary failure of the network',
  cms42: 'the network is congested',
  cms50: 'this SIM may not send SMS',
  cms310: 'no SIM inserted',
  cms311: 'the SIM wants its PIN',
  cms313: 'the SIM fails',
  cms314: 'the SIM is busy',
  cms316: 'the SIM is locked (PUK)',
  cms330: 'the SIM knows no message centre',
  cms331: 'no network',
  cms332: 'the network does not answer',
  cme10: 'no SIM inserted',
  cme11: 'the SIM wants its PIN',
  cme12: 'the SIM is locked (PUK)',
  cme13: 'the SIM fails',
  cme14: 'the SIM is busy',
  cme16: 'the SIM refuses its PIN',
  cme30: 'no network',
  cme31: 'the network does not answer',
  cme32: 'the network allows emergency calls only',
};

export function modemFault(answer: Extract<AtAnswer, { state: 'error' }>): string {
  const { kind, code } = answer;
  if (kind === 'plain') return 'the modem answers ERROR';
  const name = `+${kind.toUpperCase()} ERROR ${code}`;
  const known = words[`${kind}${code}`];
  return known === undefined ? `the modem answers ${name}` : `${known} (${name})`;
}

export function modemOutcome(answer: Extract<AtAnswer, { state: 'error' }>, maybeSent: boolean): SendOutcome {
  if (answer.kind === 'cms' && unknownNumber.includes(answer.code))
    return { state: 'refused', fault: `no such number (+CMS ERROR ${answer.code})`, gone: true };
  if (answer.kind === 'cms' && unsendable.includes(answer.code))
    return { state: 'refused', fault: modemFault(answer), gone: false };
  return { state: 'retry', fault: modemFault(answer), afterS: null, maybeSent };
}
