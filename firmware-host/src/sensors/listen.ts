/**
 * One sensor at its line: what it says by itself, or what it answers when it is asked. The gauge hands over
 * the line's bytes and gets what they mean; whom to ask, and when, is decided here.
 */
import type { FramerCounts } from '../serial/framer.ts';
import { createFramer } from '../serial/framer.ts';
import type { SerialLink } from '../serial/link.ts';
import type { Decoded, SensorDriver } from './driver.ts';

/** What the line gave since the last call. */
export type Heard = {
  readonly bytes: number;
  readonly badFrames: number;
  readonly discardedBytes: number;
  readonly decoded: readonly Decoded[];
};

export type Listener = {
  /** Takes bytes from the line; `onHeard` is called before it returns, or when a poll that they answer ends. */
  push(bytes: Uint8Array): void;
  counts(): FramerCounts;
  close(): void;
};

/** Listens to a sensor. `onHeard` may come at any time until `close`. */
export function listen(
  driver: SensorDriver,
  _line: Pick<SerialLink, 'write' | 'state'>,
  onHeard: (heard: Heard) => void,
): Listener {
  const { dialogue } = driver;
  if (dialogue.kind !== 'speaks') throw new Error(`dialogue ${dialogue.kind} is not spoken yet`);
  const framer = createFramer(dialogue.frames);
  return {
    push(bytes) {
      const before = framer.counts();
      const frames = framer.push(bytes);
      const after = framer.counts();
      onHeard({
        bytes: bytes.length,
        badFrames: after.badFrames - before.badFrames,
        discardedBytes: after.discardedBytes - before.discardedBytes,
        decoded: frames.map((frame) => dialogue.decode(frame)),
      });
    },
    counts: framer.counts,
    close: () => undefined,
  };
}
