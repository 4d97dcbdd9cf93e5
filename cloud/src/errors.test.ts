import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { errorCodes, isPlatformError, platformError, systemCode } from './errors.ts';

test('docs/errors.md explains every code, and no other, with the same advice on trying again', () => {
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const explained = [...page.matchAll(/^\| `([a-z-]+)` \| (yes|no) \|/gm)].map(([, code, retry]) => [code, retry]);
  const known = Object.entries(errorCodes).map(([code, { retry }]) => [code, retry ? 'yes' : 'no']);
  expect(explained).toEqual(known);
});

test('an error carries its code, its advice and its cause', () => {
  const cause = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' });
  const error = platformError('port-taken', 'Port 1 is taken.', cause);
  expect(error).toMatchObject({ code: 'port-taken', retry: true, message: 'Port 1 is taken.', cause });
  expect(isPlatformError(error)).toBe(true);
  expect(isPlatformError(cause)).toBe(false);
  expect(systemCode(cause)).toBe('EADDRINUSE');
});
