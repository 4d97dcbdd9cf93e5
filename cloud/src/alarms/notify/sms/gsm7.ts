/**
 * The default alphabet of SMS (3GPP TS 23.038 §6.2.1): 128 characters of 7 bits, ten more by an escape. The position
 * in the text is the code.
 */
const basic =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u001bÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?' +
  '¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
const escapeCode = 0x1b;
const extended: Readonly<Record<string, number>> = {
  '\f': 0x0a,
  '^': 0x14,
  '{': 0x28,
  '}': 0x29,
  '\\': 0x2f,
  '[': 0x3c,
  '~': 0x3d,
  ']': 0x3e,
  '|': 0x40,
  '€': 0x65,
};
const codes = new Map([...basic].map((character, code) => [character, code]));
codes.delete('\u001b');
const characters = new Map(Object.entries(extended).map(([character, code]) => [code, character]));

/** One or two septets of a character; null when the alphabet has none for it. */
export function septetsOf(character: string): readonly number[] | null {
  const code = codes.get(character);
  if (code !== undefined) return [code];
  const second = extended[character];
  return second === undefined ? null : [escapeCode, second];
}

export function isGsm7(text: string): boolean {
  return [...text].every((character) => septetsOf(character) !== null);
}

export function textOfSeptets(septets: readonly number[]): string {
  let text = '';
  for (let i = 0; i < septets.length; i++) {
    const code = septets[i] as number;
    text += code === escapeCode ? (characters.get(septets[++i] ?? -1) ?? ' ') : (basic[code] ?? ' ');
  }
  return text;
}

/** Packs septets into octets, the lowest bits first, after `fillBits` bits of padding (§6.1.2.1). */
export function packSeptets(septets: readonly number[], fillBits = 0): Uint8Array {
  const octets = new Uint8Array(Math.ceil((septets.length * 7 + fillBits) / 8));
  septets.forEach((septet, i) => {
    const bit = i * 7 + fillBits;
    const shifted = septet << (bit % 8);
    const at = Math.floor(bit / 8);
    octets[at] = (octets[at] ?? 0) | (shifted & 0xff);
    if (shifted > 0xff) octets[at + 1] = (octets[at + 1] ?? 0) | (shifted >> 8);
  });
  return octets;
}

export function unpackSeptets(octets: Uint8Array, count: number, fillBits = 0): number[] {
  return Array.from({ length: count }, (_, i) => {
    const bit = i * 7 + fillBits;
    const at = Math.floor(bit / 8);
    return (((octets[at] ?? 0) | ((octets[at + 1] ?? 0) << 8)) >> (bit % 8)) & 0x7f;
  });
}
