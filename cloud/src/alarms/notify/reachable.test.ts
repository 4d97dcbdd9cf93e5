import { expect, test } from 'vitest';
import { isLoopbackHost, isPublicAddress, literalAllowed, publicLookup } from './reachable.ts';

test.each([
  '127.0.0.1',
  '127.9.9.9',
  '0.0.0.0',
  '10.1.2.3',
  '172.31.0.1',
  '192.168.1.1',
  '100.64.0.1',
  '169.254.169.254',
  '224.0.0.1',
  '255.255.255.255',
  '::1',
  '::',
  'fe80::1',
  'fd00:ec2::254',
  '::ffff:169.254.169.254',
  '::ffff:7f00:1',
  '64:ff9b::7f00:1',
  'ff02::1',
  'localhost',
])('%s is not of the public internet', (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test.each(['1.1.1.1', '172.32.0.1', '192.169.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])('%s is', (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

test('hosts as they stand in URLs', () => {
  const host = (url: string) => new URL(url).hostname;
  expect(isLoopbackHost(host('http://localhost'))).toBe(true);
  expect(isLoopbackHost(host('http://[::1]:80'))).toBe(true);
  // Node writes every spelling of an IPv4 address out.
  expect(isLoopbackHost(host('http://2130706433'))).toBe(true);
  expect(literalAllowed(host('http://0x7f.1'))).toBe(false);
  expect(isLoopbackHost(host('http://localhost.example.org'))).toBe(false);
  expect(literalAllowed(host('http://example.org'))).toBe(true);
});

test('a name that leads to this machine is refused when it is resolved', async () => {
  for (const all of [true, false]) {
    const error = await new Promise((resolve) => publicLookup('localhost', { all }, resolve));
    expect(error).toMatchObject({ code: 'EADDRREFUSED' });
  }
});
