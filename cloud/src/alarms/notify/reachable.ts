/**
 * Which addresses people's own URLs may lead to. Whoever may set a webhook must not make the platform speak to its
 * own machine, its network or a cloud's metadata service. What a name resolves to is judged, when it is connected.
 */

import { lookup as systemLookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Not of the public internet: IANA's special-purpose registries (RFC 6890 and what they list since). */
const special = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  special.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of [
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 9],
  ['ff00::', 8],
] as const)
  special.addSubnet(net, bits, 'ipv6');

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

const kind = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** `::ffff:a.b.c.d` is the IPv4 address in it. */
export function isPublicAddress(address: string): boolean {
  return isIP(address) !== 0 && !special.check(address, kind(address));
}

/** A host as it stands in a URL: `localhost`, or a literal loopback address. */
export function isLoopbackHost(hostname: string): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  return bare === 'localhost' || (isIP(bare) !== 0 && loopback.check(bare, kind(bare)));
}

const refused = () => Object.assign(new Error('address not allowed'), { code: 'EADDRREFUSED' });

/** Whether a URL's host, if it is a literal address, may be reached; names are judged by `publicLookup`. */
export function literalAllowed(hostname: string): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '');
  return isIP(bare) === 0 || isPublicAddress(bare);
}

/** Resolves names to public addresses only: the very address that is judged is the one connected to. */
export const publicLookup: LookupFunction = (hostname, options, done) => {
  systemLookup(hostname, { ...options, all: true }, (error, found) => {
    if (error) return done(error, '', 0);
    const allowed = found.filter(({ address }) => isPublicAddress(address));
    const [first] = allowed;
    if (first === undefined) return done(refused(), '', 0);
    if (options.all) done(null, allowed);
    else done(null, first.address, first.family);
  });
};
