/** SMS-SUBMIT as a modem takes it in PDU mode (3GPP TS 23.040 §9.2.2.2, TS 27.005 §4.3). */
import { packSeptets, septetsOf } from './gsm7.ts';
import { segmentsOf, smsEncoding } from './segments.ts';

/** Hex of the whole, with an empty SMSC for the SIM's own; `length` is what AT+CMGS wants: octets without the SMSC. */
export type SubmitPdu = { readonly hex: string; readonly length: number };

const submit = 0x01;
const relativeValidity = 0x10;
const withHeader = 0x40;
const international = 0x91;
/** (v + 1) × 5 min: six hours. Whoever's phone was off for longer is told the state as it is then. */
const validity = 71;
const codings = { gsm7: 0x00, ucs2: 0x08 } as const;
const headerOctets = 6;

/** The PDUs of a text, one a segment. `reference` ties them together, 0 to 255. `to` is E.164. */
export function submitPdus(to: string, text: string, reference: number): readonly SubmitPdu[] {
  const segments = segmentsOf(text);
  const encoding = smsEncoding(text);
  return segments.map((segment, i) => {
    // Concatenated short messages, 8-bit reference (§9.2.3.24.1).
    const header = segments.length === 1 ? [] : [0x05, 0x00, 0x03, reference, segments.length, i + 1];
    const { userLength, user } = encoding === 'gsm7' ? gsm7Data(segment, header) : ucs2Data(segment, header);
    const octets = [
      submit | relativeValidity | (header.length > 0 ? withHeader : 0),
      0x00, // message reference: the modem's
      ...addressOctets(to),
      0x00, // protocol
      codings[encoding],
      validity,
      userLength,
      ...user,
    ];
    return {
      hex: Buffer.from([0x00, ...octets])
        .toString('hex')
        .toUpperCase(),
      length: octets.length,
    };
  });
}

/** Digits two by two, the first in the low half; an odd one is filled up with F. */
function addressOctets(to: string): number[] {
  const digits = to.slice(1);
  const padded = digits.length % 2 === 0 ? digits : `${digits}F`;
  const swapped = padded.replace(/(.)(.)/g, '$2$1');
  return [digits.length, international, ...Buffer.from(swapped, 'hex')];
}

type UserData = { readonly userLength: number; readonly user: readonly number[] };

/** Counted in septets; the text begins at a septet's border after the header. */
function gsm7Data(segment: string, header: readonly number[]): UserData {
  const septets = [...segment].flatMap((character) => septetsOf(character) ?? []);
  const headerSeptets = header.length === 0 ? 0 : Math.ceil((headerOctets * 8) / 7);
  const fillBits = header.length === 0 ? 0 : headerSeptets * 7 - headerOctets * 8;
  return { userLength: headerSeptets + septets.length, user: [...header, ...packSeptets(septets, fillBits)] };
}

function ucs2Data(segment: string, header: readonly number[]): UserData {
  const user = [...header, ...Buffer.from(segment, 'utf16le').swap16()];
  return { userLength: user.length, user };
}
