/**
 * Cuts a stream of bytes into frames. The driver says what a frame is; the framer keeps the bytes that
 * may still become one, and counts every byte and frame that it throws away.
 */

/** What the bytes at hand begin with. */
export type FrameMatch =
  /** The first `length` bytes are a frame. */
  | { readonly kind: 'frame'; readonly length: number }
  /** They may be the beginning of a frame. */
  | { readonly kind: 'more' }
  /** They began like a frame and are none (a wrong sum, a letter among digits). */
  | { readonly kind: 'bad' }
  /** The first byte cannot begin a frame. */
  | { readonly kind: 'noise' };

export type FrameRule = {
  /** Longest frame in bytes; `match` is never given more, and must decide when it is given as many. */
  readonly maxLength: number;
  match(bytes: Uint8Array): FrameMatch;
};

export type FramerCounts = { readonly frames: number; readonly badFrames: number; readonly discardedBytes: number };

export type Framer = {
  /** Takes the next bytes and gives the frames they complete. Never throws; keeps fewer than `maxLength` bytes. */
  push(bytes: Uint8Array): Uint8Array[];
  counts(): FramerCounts;
  /** Bytes held back because they may begin a frame. */
  pendingBytes(): number;
};

/**
 * A bad frame costs one byte, not its whole length: the true frame may begin inside it, and a sensor's
 * stray start byte must not take the frame behind it along.
 */
export function createFramer({ maxLength, match }: FrameRule): Framer {
  let pending: Uint8Array = new Uint8Array(0);
  let frames = 0;
  let badFrames = 0;
  let discardedBytes = 0;

  return {
    push(bytes) {
      const work = join(pending, bytes);
      const found: Uint8Array[] = [];
      let at = 0;
      while (at < work.length) {
        const window = work.subarray(at, at + maxLength);
        const step = match(window);
        if (step.kind === 'more' && window.length < maxLength) break;
        if (step.kind === 'frame' && step.length > 0 && step.length <= window.length) {
          found.push(window.slice(0, step.length));
          at += step.length;
          continue;
        }
        if (step.kind !== 'noise') badFrames++;
        discardedBytes++;
        at++;
      }
      pending = work.slice(at);
      frames += found.length;
      return found;
    },
    counts: () => ({ frames, badFrames, discardedBytes }),
    pendingBytes: () => pending.length,
  };
}

function join(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length === 0) return right;
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}
