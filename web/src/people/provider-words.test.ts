import { expect, test } from 'vitest';
import { proveThereHref, providerFailure } from './provider-words.ts';

test.each(['forbidden', 'not-signed-in', 'conflict', 'provider', 'failed'])('%s is said in words', (of) => {
  expect(providerFailure(of)).toMatch(/^[A-Z].*\.$/);
});

test.each(['', 'constructor', '__proto__', 'Your account was stolen'])('%j is not shown', (of) => {
  expect(providerFailure(of)).toBeUndefined();
});

test('the way to the provider says where to come back to', () => {
  expect(proveThereHref('#people&station=depok')).toBe('/api/v1/session/oidc?again=true&back=people%26station%3Ddepok');
  expect(proveThereHref('')).toBe('/api/v1/session/oidc?again=true&back=');
});
