import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isGsm7, packSeptets, septetsOf, textOfSeptets, unpackSeptets } from './gsm7.ts';

const codes = (text: string) => [...text].flatMap((character) => septetsOf(character) ?? []);
const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex').toUpperCase();

test('places of the alphabet, at its corners', () => {
  expect(codes('@')).toEqual([0x00]);
  expect(codes('\n')).toEqual([0x0a]);
  expect(codes('Δ')).toEqual([0x10]);
  expect(codes('É')).toEqual([0x1f]);
  expect(codes(' ¤@'.slice(1))).toEqual([0x24, 0x00]);
  expect(codes('¡A')).toEqual([0x40, 0x41]);
  expect(codes('§¿à')).toEqual([0x5f, 0x60, 0x7f]);
});

test('escaped characters take two', () => {
  expect(codes('€[~')).toEqual([0x1b, 0x65, 0x1b, 0x3c, 0x1b, 0x3d]);
  expect(textOfSeptets([0x1b, 0x65, 0x41])).toBe('€A');
});

test('what is not in it', () => {
  for (const text of ['水', '🌊', 'ã', '`', '…', '\u001b']) expect(isGsm7(text)).toBe(false);
  expect(isGsm7('Katulampa 152 cm (Siaga II) à 02:10 [€]')).toBe(true);
});

test('packs as the standard shows', () => {
  expect(hex(packSeptets(codes('hellohello')))).toBe('E8329BFD4697D9EC37');
  expect(hex(packSeptets(codes('AB@'), 1))).toBe('824200');
});

test('unpacks what it packed, at any fill', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 127 })), fc.integer({ min: 0, max: 6 }), (septets, fill) => {
      expect(unpackSeptets(packSeptets(septets, fill), septets.length, fill)).toEqual(septets);
    }),
  );
});
