/**
 * One open serial line over `@serialport/bindings-cpp`: its setting-up, its lock and its poller, but not its
 * reader. That one recurses for ever when a read gives 0 bytes, as a hung-up tty does: a processor at full load,
 * memory growing, no event (serialport/bindings-cpp issue 162, open in 13.0). So we read ourselves: the
 * descriptor does not block, a read is a copy out of the kernel's buffer, and 0 bytes mean that the line is gone.
 * It needs no thread from the pool that disk syncs fill.
 */
import { fstatSync, readSync, type Stats, writeSync } from 'node:fs';
import { autoDetect, type LinuxPortBinding } from '@serialport/bindings-cpp';
import { systemCodeOf } from '../errors.ts';
import { pause } from '../wait.ts';
import type { LinkSettings } from './link.ts';

export type Tty = {
  /** Hands over bytes until the line is closed or hung up; resolves with why it ended. */
  read(onBytes: (bytes: Uint8Array) => void): Promise<string>;
  /** Rejects when the line takes no bytes for `withinMs`: then it is of no use any more. */
  write(bytes: Uint8Array, withinMs: number): Promise<void>;
  /** How often there was said to be something to read and there was nothing: another program had taken it. */
  emptyWakes(): number;
  /** What the descriptor stands for; null once it is closed. */
  stats(): Stats | null;
  /** Ends `read` at once. Resolves when the kernel has let go, or after two seconds: some drivers wait for output to drain. */
  close(): Promise<void>;
};

const readBytes = 4096;
const longestCloseMs = 2_000;
/** After a wake-up for nothing: however the poller may err, it cannot keep a processor busy. */
const emptyWakeMs = 20;
const writeAgainMs = 10;

/** Rejects with the binding's text; see `openFailure`. */
export async function openTty({ path, baudRate, parity = 'none' }: LinkSettings): Promise<Tty> {
  // Linux and macOS: a descriptor and its poller.
  const port = (await autoDetect().open({ path, baudRate, parity })) as LinuxPortBinding;
  const buffer = Buffer.alloc(readBytes);
  let empty = 0;
  return {
    async read(onBytes) {
      while (port.fd !== null) {
        const count = readNow(port.fd, buffer);
        if (count === 0) return 'hung up';
        if (count !== null) onBytes(new Uint8Array(buffer.subarray(0, count)));
        // After each read too: a line that never pauses must not keep the rest of the agent from running.
        const trouble = await readable(port);
        if (trouble) return port.isOpen ? 'hung up' : 'closed';
        if (count === null) await pause(emptyWakeMs);
        if (count === null) empty++;
      }
      return 'closed';
    },
    async write(bytes, withinMs) {
      const deadlineMs = performance.now() + withinMs;
      for (let rest = bytes; rest.length > 0; ) {
        if (port.fd === null) throw new Error(`${path} is closed`);
        const count = writeNow(port.fd, rest);
        rest = rest.subarray(count);
        if (rest.length > 0 && performance.now() >= deadlineMs) throw new Error(`${path} takes no bytes`);
        if (count === 0) await pause(writeAgainMs);
      }
    },
    emptyWakes: () => empty,
    stats: () => (port.fd === null ? null : fstatSync(port.fd)),
    async close() {
      if (!port.isOpen) return;
      await Promise.race([port.close().catch(() => undefined), pause(longestCloseMs)]);
    },
  };
}

/** Bytes read, 0 for a hung-up line, null when there are none now. */
function readNow(fd: number, buffer: Buffer): number | null {
  try {
    return readSync(fd, buffer, 0, buffer.length, null);
  } catch (error) {
    if (isBusy(error)) return null;
    throw error;
  }
}

/** Bytes that the kernel took. */
function writeNow(fd: number, bytes: Uint8Array): number {
  try {
    return writeSync(fd, bytes);
  } catch (error) {
    if (isBusy(error)) return 0;
    throw error;
  }
}

function isBusy(error: unknown): boolean {
  return ['EAGAIN', 'EWOULDBLOCK', 'EINTR'].includes(systemCodeOf(error) ?? '');
}

function readable(port: LinuxPortBinding): Promise<Error | null> {
  return new Promise((resolve) => {
    port.poller.once('readable', resolve);
  });
}
