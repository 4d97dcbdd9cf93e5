/**
 * Whether bytes that make no frame were sent at another speed than they are heard at. Pure.
 *
 * A sensor says much the same again and again. Heard at a wrong speed its bits fall into other bytes, but into few
 * different ones, in a pattern; a disturbed line gives all bytes alike. (A UART's sampling of the frames of our
 * sensors at 1200 to 115200 baud gives 1 to 13 different bytes in 128; noise gives about 100.)
 */
const leastBytes = 32;
const fewest = 8;

export function isPatterned(bytes: Uint8Array): boolean {
  return bytes.length >= leastBytes && new Set(bytes).size <= Math.max(fewest, bytes.length / 4);
}

/** The newest bytes of a line, as many as a judgement needs. */
export function createRecentBytes(most = 128): { push(bytes: Uint8Array): void; all(): Uint8Array } {
  let recent = Buffer.alloc(0);
  return {
    push(bytes) {
      recent = Buffer.concat([recent, bytes]).subarray(-most);
    },
    all: () => recent,
  };
}
