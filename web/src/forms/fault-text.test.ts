import { describe, expect, test } from 'vitest';
import type { FeedFault } from '../feed/client.ts';
import { faultsOf, faultText } from './fault-text.ts';
import { formWords } from './words.ts';

const refused = (status: number, more: Partial<FeedFault> = {}): FeedFault => ({
  code: 'refused',
  status,
  detail: `HTTP ${status}`,
  ...more,
});

describe('a refusal in words', () => {
  test('is the server’s own sentence where it gave one', () => {
    expect(faultText(refused(409, { detail: 'The roster was changed meanwhile.' }))).toBe(
      'The roster was changed meanwhile.',
    );
  });

  test.each([
    [refused(409), formWords.faults.conflict],
    [refused(401, { detail: 'Sign in first.' }), formWords.faults.signedOut],
    [refused(500, { detail: 'stack' }), formWords.faults.failed],
    [refused(404), formWords.faults.refused('HTTP 404')],
    [refused(429), formWords.faults.limitedSoon],
    [refused(429, { retryAfterS: 480 }), formWords.faults.limited('8 min')],
    [{ code: 'unreachable', detail: 'TypeError' } as const, formWords.faults.unreachable],
  ])('%j', (fault, text) => expect(faultText(fault)).toBe(text));
});

describe('where a refusal is shown', () => {
  const fields = ['login', 'password'] as const;
  test('at the field that the server names', () => {
    expect(faultsOf(refused(409, { field: 'login', detail: 'Taken.' }), fields)).toEqual({ login: 'Taken.' });
    expect(faultsOf(refused(400, { field: 'body.password', detail: 'Too short.' }), fields)).toEqual({
      password: 'Too short.',
    });
  });

  test('at the whole form where it has no such field, or there were too many attempts', () => {
    expect(faultsOf(refused(400, { field: 'totp', detail: 'No.' }), fields)).toEqual({ form: 'No.' });
    expect(faultsOf(refused(429, { field: 'login' }), fields)).toEqual({ form: formWords.faults.limitedSoon });
  });
});
