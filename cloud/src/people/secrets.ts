import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits, as they stand in a cookie, a link or a header. */
export function mintSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** What is kept of a secret. It is random and long: a plain digest cannot be searched. */
export function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** An account's id: 64 random bits. */
export function mintId(): string {
  return randomBytes(8).toString('hex');
}
