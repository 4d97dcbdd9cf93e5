import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { signatureOf } from './signature.ts';
import { signatureHolds } from './testing/webhook.ts';

const vector = {
  secret: 'whsec-example-0123456789',
  atMs: 1_768_245_000_000,
  body: '{"version":1,"key":"g1.1.ana00001.webhook","kind":"alarm"}',
};

test('the documented vector', () => {
  const header = signatureOf(vector.secret, vector.atMs, vector.body);
  const page = readFileSync(new URL('../../../../docs/notify.md', import.meta.url), 'utf8');
  for (const part of [vector.secret, vector.body, header]) expect(page).toContain(part);
  expect(signatureHolds(vector.secret, header, vector.body, vector.atMs)).toBe(true);
});

test('another body, another secret, another time do not hold', () => {
  const { secret, atMs, body } = vector;
  const header = signatureOf(secret, atMs, body);
  expect(signatureHolds(secret, header, `${body} `, atMs)).toBe(false);
  expect(signatureHolds('another', header, body, atMs)).toBe(false);
  expect(signatureHolds(secret, header, body, atMs + 301_000)).toBe(false);
  expect(signatureHolds(secret, header.replace(/t=\d+/, 't=1768245001'), body, atMs)).toBe(false);
  expect(signatureHolds(secret, '', body, atMs)).toBe(false);
});
