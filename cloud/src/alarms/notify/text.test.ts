import fc from 'fast-check';
import { expect, test } from 'vitest';
import { notice } from './testing/notices.ts';
import { cleanLine, cleanText, cut, marked, wholeText } from './text.ts';

test('line ends are made one, harmful characters go', () => {
  expect(cleanText('a\r\nb\rc\u2028d\u0000\u001b[31m\u202e\ud800', 99)).toBe('a\nb\nc\nd[31m\ufffd');
  expect(cleanLine(' a\r\n\tb \n', 99)).toBe('a b');
});

test('never cut within what people see as one character', () => {
  expect(cut('ab👩🏽‍🚒cd', 9)).toBe('ab…');
  expect(cut('ab👩🏽‍🚒cd', 10)).toBe('ab👩🏽‍🚒…');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 50 }), (text, max) => {
      expect(cut(text, max).length).toBeLessThanOrEqual(max);
      expect(cut(text, max).isWellFormed()).toBe(true);
    }),
  );
});

test('a drill is marked by its field, once', () => {
  expect(marked(notice({ drill: true }), 'Rising')).toBe('DRILL: Rising');
  expect(marked(notice({ drill: true }), 'DRILL: Rising')).toBe('DRILL: Rising');
  expect(marked(notice(), 'Rising')).toBe('Rising');
});

test('the whole says each thing once, and keeps the link when it must be cut', () => {
  const link = 'https://flood.example.org/alarms/g1';
  const said = wholeText(notice({ subject: 'Rising', text: `At the bridge.\n${link}\nSiaga Jakarta.`, link }), 4096);
  expect(said).toBe(`Rising\n\nAt the bridge.\nSiaga Jakarta.\n\n${link}`);
  const long = wholeText(notice({ text: 'x'.repeat(9000), link, drill: true }), 4096);
  expect(long.length).toBeLessThanOrEqual(4096);
  expect(long).toMatch(/^DRILL: .*…\n\nSiaga Jakarta\nAn exercise: nothing of it is real\.\nhttps:\S+$/s);
});
