import { expect, test } from 'vitest';
import { notice } from '../testing/notices.ts';
import { segmentsOf, smsEncoding, smsText } from './segments.ts';

test.each([
  ['a', 160, 1],
  ['a', 161, 2],
  ['a', 306, 2],
  ['a', 307, 3],
  ['€', 80, 1],
  ['€', 81, 2],
  // 153 places hold 76 pairs: an escape is not parted from its character.
  ['€', 152, 2],
  ['€', 153, 3],
  ['水', 70, 1],
  ['水', 71, 2],
  ['水', 134, 2],
  ['🌊', 35, 1],
  // 67 units hold 33 pairs.
  ['🌊', 66, 2],
  ['🌊', 67, 3],
])('%s × %i goes in %i', (character, count, segments) => {
  const text = character.repeat(count);
  expect(segmentsOf(text)).toHaveLength(segments);
  expect(segmentsOf(text).join('')).toBe(text);
});

test('typography does not cost a message its alphabet', () => {
  const text = smsText(notice({ short: 'Katulampa – “Siaga II” · 152\u00a0cm…' }));
  expect(text).toBe('Katulampa - "Siaga II" - 152 cm...');
  expect(smsEncoding(text)).toBe('gsm7');
});

test('a drill says so once', () => {
  expect(smsText(notice({ drill: true, short: 'Katulampa' }))).toBe('DRILL: Katulampa');
  expect(smsText(notice({ drill: true, short: 'DRILL: Katulampa' }))).toBe('DRILL: Katulampa');
});

test.each(['a', '€', '水', '🌊', '👩🏽‍🚒', '[x]'])(
  'never more than two segments, and the cut shows: %s',
  (character) => {
    const text = smsText(notice({ short: character.repeat(500) }));
    expect(segmentsOf(text).length).toBe(2);
    expect(text).toMatch(/(…|\.\.\.)$/);
    expect(text.isWellFormed()).toBe(true);
  },
);
