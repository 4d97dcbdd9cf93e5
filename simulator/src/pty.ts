import type { ReadStream } from 'node:tty';
import * as nodePty from '@lydell/node-pty';

/**
 * A bare pty pair. The library's typings leave `open` out, and what `open` returns has two traps:
 * its `slave` stream reads (and so steals) every byte until it is destroyed, and its own `destroy` and
 * `kill` signal process −1, which is every process: never call them.
 */
export type PtyPair = {
  readonly ptsName: string;
  /** File descriptor of the master: non-blocking. */
  readonly fd: number;
  readonly master: ReadStream;
  readonly slave: ReadStream;
};

type Opener = { open(options: { encoding: null }): PtyPair };

/** Opens a pair, bytes untouched by any text decoding. Throws where the machine has no ptys left. */
export function openPtyPair(): PtyPair {
  return (nodePty as unknown as Opener).open({ encoding: null });
}
