import { expect, test } from 'vitest';
import { retryAfterS } from './exchange.ts';

const nowMs = Date.parse('2026-01-12T19:10:00Z');

test.each([
  [undefined, null],
  ['7', 7],
  ['0', 1],
  ['999999', 86_400],
  ['Mon, 12 Jan 2026 19:10:30 GMT', 30],
  ['Mon, 12 Jan 2026 19:00:00 GMT', 1],
  ['soon', null],
])('Retry-After: %s', (value, seconds) => {
  expect(retryAfterS(value, nowMs)).toBe(seconds);
});
