/** What comes over a line, as a person reads it: bytes in hex, what they mean, and the reading made of them. Pure. */
import type { TailEvent } from '../control/protocol.ts';

type Heard = Extract<TailEvent, { event: 'heard' }>;
type Reading = Extract<TailEvent, { event: 'reading' }>;

const hexBytesShown = 16;

/** `52 31 35 30 30 0d  R1500.`: hex, and letters where there are some. */
export function dump(hex: string, most = hexBytesShown): string {
  const bytes = Buffer.from(hex, 'hex').subarray(0, most);
  const letters = Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'));
  const rest = hex.length / 2 > most ? ' …' : '';
  return `${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')}${rest}  ${letters.join('')}`;
}

/** What frames meant: `1500 mm`, `nothing in range`, `PN:MB7389`. */
export function meaning({
  decoded,
  badFrames,
  discardedBytes,
}: Pick<Heard, 'decoded' | 'badFrames' | 'discardedBytes'>): string {
  const said = decoded.map((each) => (each.kind === 'sample' ? sampleText(each.sample) : `${each.kind}: ${each.text}`));
  if (badFrames > 0) said.push(`${badFrames} bad`);
  if (discardedBytes > 0) said.push(`${discardedBytes} bytes discarded`);
  return said.join(', ');
}

const echoes: Readonly<Record<string, string>> = {
  none: 'nothing in range',
  blanking: 'blocked or too near',
  dead: 'the sensor says that it is dead',
};

function sampleText({ echo, distanceMm }: { echo: string; distanceMm?: number }): string {
  return distanceMm === undefined ? (echoes[echo] ?? echo) : `${distanceMm} mm`;
}

const flags: Readonly<Record<number, string>> = { 1: 'pass', 2: 'not judged', 3: 'suspect', 4: 'fail', 9: 'missing' };

export function readingText({
  distanceMm,
  echo,
  spreadMm,
  validPercent,
  flag,
  test,
  seq,
  maintenance,
}: Reading): string {
  const value =
    test === 'gap'
      ? 'not a frame heard'
      : distanceMm === null
        ? (echoes[echo] ?? echo)
        : `${distanceMm} mm${echo === 'blanking' ? ` (${echoes.blanking})` : ''}`;
  return [
    value,
    ...(spreadMm === null ? [] : [`spread ${spreadMm} mm`]),
    ...(validPercent === null ? [] : [`${validPercent} % of pings`]),
    `flag ${flag} (${flags[flag] ?? '?'}${test === 'none' ? '' : `: ${test}`})`,
    ...(maintenance ? ['maintenance'] : []),
    seq === 0 ? 'not stored' : `number ${seq}`,
  ].join(', ');
}

export function timeText(ms: number): string {
  return new Date(ms).toISOString().slice(11, 23);
}
