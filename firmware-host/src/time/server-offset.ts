/**
 * What receipts tell of the time. The server wrote its time after our message left and before the receipt came:
 * UTC minus monotonic lies between two bounds. Several receipts leave only what all of them allow. Pure.
 */

/** Bounds of UTC minus monotonic ms, as they were at `atMonoMs`. */
export type Offset = { readonly lowMs: number; readonly highMs: number; readonly atMonoMs: number };

export type ServerWord = {
  readonly serverMs: number;
  /** When the message left that the receipt answers, and when the receipt came. */
  readonly sentMonoMs: number;
  readonly receivedMonoMs: number;
};

/** A quartz without discipline: 100 ppm, twice what a Raspberry Pi's is made for. */
const driftShare = 1e-4;

export function offsetOf({ serverMs, sentMonoMs, receivedMonoMs }: ServerWord): Offset {
  return { lowMs: serverMs - receivedMonoMs, highMs: serverMs - sentMonoMs, atMonoMs: receivedMonoMs };
}

/** What is known with one more word; a word that contradicts what was known replaces it. */
export function narrowed(known: Offset | null, word: Offset): Offset {
  if (known === null) return word;
  const slackMs = Math.abs(word.atMonoMs - known.atMonoMs) * driftShare;
  const lowMs = Math.max(known.lowMs - slackMs, word.lowMs);
  const highMs = Math.min(known.highMs + slackMs, word.highMs);
  return lowMs <= highMs ? { lowMs, highMs, atMonoMs: word.atMonoMs } : word;
}

export function errorOf({ lowMs, highMs }: Offset): number {
  return (highMs - lowMs) / 2;
}

export function middleOf({ lowMs, highMs }: Offset): number {
  return (lowMs + highMs) / 2;
}
