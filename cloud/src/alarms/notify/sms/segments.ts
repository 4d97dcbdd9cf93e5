/**
 * An alarm's text as SMS: its gist with the deployment's mark, in at most two segments, since every segment costs
 * money and time and may come alone. One letter outside the GSM alphabet more than halves what fits.
 */
import type { Notice } from '../notifier.ts';
import { cleanLine, cut, marked } from '../text.ts';
import { isGsm7, septetsOf } from './gsm7.ts';

const maxSegments = 2;

export type SmsEncoding = 'gsm7' | 'ucs2';

/** What fits: alone, and in each of several, where a header takes 6 octets (3GPP TS 23.040 §9.2.3.24.1). */
const room = { gsm7: { alone: 160, each: 153 }, ucs2: { alone: 70, each: 67 } } as const;

export function smsEncoding(text: string): SmsEncoding {
  return isGsm7(text) ? 'gsm7' : 'ucs2';
}

/** Parts in order; a character is never cut in two, nor an escape from what it escapes. */
export function segmentsOf(text: string): readonly string[] {
  const encoding = smsEncoding(text);
  const size = (character: string): number =>
    encoding === 'gsm7' ? (septetsOf(character)?.length ?? 1) : character.length;
  const { alone, each } = room[encoding];
  let total = 0;
  for (const character of text) total += size(character);
  if (total <= alone) return [text];
  const parts: string[] = [];
  let part = '';
  let used = 0;
  for (const character of text) {
    if (used + size(character) > each) {
      parts.push(part);
      part = '';
      used = 0;
    }
    part += character;
    used += size(character);
  }
  return [...parts, part];
}

/** Typographic marks that would turn the whole text to UCS-2 for nothing. */
const plain: Readonly<Record<string, string>> = {
  '…': '...',
  '–': '-',
  '—': '-',
  '‑': '-',
  '‘': "'",
  '’': "'",
  '“': '"',
  '”': '"',
  '·': '-',
  '\u00a0': ' ',
  '\u202f': ' ',
};

/** The whole text of a notice for SMS: one line, at most two segments, a drill marked in front. */
export function smsText(notice: Notice): string {
  const line = marked(notice, cleanLine(notice.short, 400)).replace(
    /[…–—‑‘’“”·\u00a0\u202f]/g,
    (mark) => plain[mark] ?? mark,
  );
  if (segmentsOf(line).length <= maxSegments) return line;
  const encoding = smsEncoding(line);
  // Shorter until it fits: characters of the escape table take two places.
  for (let max = room[encoding].each * maxSegments; ; max--) {
    const shorter = cut(line, max).replace(/…$/, encoding === 'gsm7' ? '...' : '…');
    if (segmentsOf(shorter).length <= maxSegments) return shorter;
  }
}

/** E.164, as people's contacts have it. */
export function isPhone(address: string): boolean {
  return /^\+[1-9]\d{6,14}$/.test(address);
}
