/** Cryptographically random bytes, the same in Node and in a browser. */
export function randomBytes(count: number): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(count));
}
