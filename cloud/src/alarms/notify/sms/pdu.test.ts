import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readSubmit } from '../testing/sms-modem.ts';
import { submitPdus } from './pdu.ts';

test('a short text in the GSM alphabet', () => {
  // SMSC 00, submit with validity 11, reference 00, 11 digits international, PID 00, DCS 00, six hours 47, 10 septets.
  expect(submitPdus('+46708251358', 'hellohello', 7)).toEqual([
    { hex: '0011000B916407281553F80000470AE8329BFD4697D9EC37', length: 23 },
  ]);
});

test('an even number of digits, and UCS-2 for letters outside the alphabet', () => {
  expect(submitPdus('+6281200000', '水位', 7)).toEqual([
    { hex: '0011000A91261802000000084704' + '6C344F4D', length: 17 },
  ]);
});

test('emoji go as surrogate pairs', () => {
  expect(submitPdus('+6281200000', '🌊', 7)[0]?.hex.slice(-10)).toBe('04D83CDF0A');
});

test('a long text goes in parts that say so', () => {
  const [first, second, ...more] = submitPdus('+46708251358', `AB${'@'.repeat(151)}CD@@@@@@`, 0xcc);
  expect(more).toEqual([]);
  // With header 51; 160 septets A0; header 05 00 03 ref of no; then a bit of fill.
  expect(first?.hex.slice(0, 46)).toBe('0051000B916407281553F8000047A0050003CC02018242');
  expect(second?.hex).toBe('0051000B916407281553F80000470F050003CC02028644000000000000');
  expect(second?.length).toBe(28);
});

test('a phone reads what was written, whatever it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }), (text) => {
      const parts = submitPdus('+6281200000001', text, 9).map(({ hex }) => readSubmit(hex));
      expect(parts.map((part) => part.text).join('')).toBe(text);
      expect(parts.map(({ no }) => no)).toEqual(parts.map((_, i) => i + 1));
    }),
  );
});
