import { isIP } from 'node:net';

/**
 * Whom an address stands for where tries are counted: an IPv4 address for itself, an IPv6 address for its /64, which
 * every household and every rented machine has whole.
 */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  // Written in one way only, without leading zeros.
  const bare = new URL(`http://[${address.split('%', 1)[0]}]`).hostname.slice(1, -1);
  const [head = [], tail] = bare.split('::').map((part) => part.split(':').filter(Boolean));
  const groups = tail === undefined ? head : [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail];
  return `${[...groups].slice(0, 4).join(':')}::/64`;
}
