/**
 * A pair of kernel ttys for tests: the agent opens `path`, the test writes as the sensor would.
 *
 * Two traps of node-pty's `open()`: its own slave stream steals the bytes until it is destroyed (we hold
 * the slave open by a descriptor of our own first, so that the pair lives on), and its `destroy()` must never
 * be called: an opened pair has process id -1, and the SIGHUP it sends would go to every process there is.
 */
import { closeSync, constants, openSync } from 'node:fs';
import type { ReadStream } from 'node:tty';
import * as nodePty from '@lydell/node-pty';

export type Pty = {
  readonly path: string;
  /** Resolves when the kernel has taken the bytes. */
  write(bytes: Uint8Array): Promise<void>;
  /** From now on the sensor's end takes nothing: the kernel's buffer fills. */
  stall(): void;
  /** Hears what the agent sends. */
  onBytes(listener: (bytes: Uint8Array) => void): void;
  /** Hangs the line up, as when a USB adapter is pulled out. */
  close(): Promise<void>;
};

/** `open` is left out of node-pty's types. */
type OpenedPair = { master: ReadStream; slave: ReadStream; ptsName: string };
const open = (nodePty as unknown as { open(options: { encoding: null }): OpenedPair }).open;

export async function openPty(): Promise<Pty> {
  const { master, slave, ptsName: path } = open({ encoding: null });
  const held = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  slave.destroy();
  // A master whose slave was closed reports EIO; the pair's owner has no use for it.
  master.on('error', () => undefined);
  let closed = false;
  return {
    path,
    write: (bytes) =>
      new Promise((resolve, reject) => master.write(bytes, (error) => (error ? reject(error) : resolve()))),
    onBytes: (listener) => void master.on('data', listener),
    stall: () => void master.pause(),
    async close() {
      if (closed) return;
      closed = true;
      const gone = new Promise((resolve) => master.once('close', resolve));
      master.destroy();
      await gone;
      closeSync(held);
    },
  };
}
