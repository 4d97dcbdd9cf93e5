import { once } from 'node:events';
import { constants, openSync, writeSync } from 'node:fs';
import { rename, rm, symlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ReadStream } from 'node:tty';
import { openPtyPair } from './pty.ts';

/** How long a full buffer is given to a slow reader before bytes are dropped, as a UART without a reader would. */
const patienceMs = 250;
const retryMs = 5;

/** A serial line made of a real kernel tty: what is written here comes out at `path`, byte for byte. */
export type VirtualTty = {
  /** What an agent opens: the stable link where one was named, else the device itself. */
  readonly path: string;
  /** The kernel's device, /dev/pts/N; another one after each `plug`. Undefined while unplugged. */
  device(): string | undefined;
  /**
   * Resolves when the kernel has the bytes. Writes keep their order. Bytes for which the line's buffer
   * (16 KiB) has no room within 250 ms, or that come while unplugged, are dropped and counted.
   */
  write(bytes: Uint8Array): Promise<void>;
  droppedBytes(): number;
  /** Hears what the agent sends, one listener at a time, over unplugs too; without one, nobody reads it. */
  onBytes(listener: (bytes: Uint8Array) => void): void;
  /** Unplugs: the device vanishes and its reader sees a hang-up. Does nothing when already unplugged. */
  hangUp(): Promise<void>;
  /** Plugs in again: a new device, the link re-pointed. Does nothing when plugged. */
  plug(): Promise<void>;
  /** Unplugs for good and removes the link. */
  close(): Promise<void>;
};

type Line = {
  readonly device: string;
  readonly fd: number;
  hear(listener: (bytes: Uint8Array) => void): void;
  end(): Promise<void>;
};

/**
 * Opens a tty in raw mode, without echo, before anyone reads it. A reader may die and come back: the
 * line stays up, because this side holds the reader's end open too (without ever reading from it).
 * With `link`, that path becomes a symbolic link to the device, as /dev/serial/by-id has them; its
 * folder must exist.
 */
export async function openVirtualTty(options: { readonly link?: string } = {}): Promise<VirtualTty> {
  let line: Line | undefined = await openLine();
  if (options.link !== undefined) await point(options.link, line.device);
  const path = options.link ?? line.device;
  let listener: ((bytes: Uint8Array) => void) | undefined;
  let dropped = 0;
  let stalled = false;
  let queue: Promise<void> = Promise.resolve();

  async function send(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    const deadline = Date.now() + (stalled ? 0 : patienceMs);
    while (line !== undefined) {
      const sent = writeSome(line.fd, rest);
      if (sent > 0) stalled = false;
      rest = rest.subarray(sent);
      if (rest.length === 0) return;
      if (Date.now() >= deadline) break;
      await sleep(retryMs);
    }
    stalled = line !== undefined;
    dropped += rest.length;
  }

  async function hangUp(): Promise<void> {
    const ending = line;
    if (ending === undefined) return;
    line = undefined;
    if (options.link !== undefined) await rm(options.link, { force: true });
    await ending.end();
  }

  return {
    path,
    device: () => line?.device,
    droppedBytes: () => dropped,
    onBytes(given) {
      listener = given;
      line?.hear(given);
    },
    write(bytes) {
      queue = queue.then(() => send(bytes));
      return queue;
    },
    hangUp,
    async plug() {
      if (line !== undefined) return;
      line = await openLine();
      if (listener) line.hear(listener);
      stalled = false;
      if (options.link !== undefined) await point(options.link, line.device);
    },
    async close() {
      await hangUp();
      await queue;
    },
  };
}

async function openLine(): Promise<Line> {
  const { master, slave, ptsName, fd } = openPtyPair();
  // The library's own handler trips over itself on an object that `open` made.
  master.removeAllListeners('error');
  master.on('error', () => master.destroy());
  const held = holdRaw(ptsName);
  const slaveClosed = once(slave, 'close');
  slave.destroy();
  await slaveClosed;
  master.unref();
  return {
    device: ptsName,
    fd,
    hear(listener) {
      master.removeAllListeners('data');
      master.on('data', listener);
    },
    async end() {
      // The master first: its closing is what hangs up the reader's side.
      await destroyed(master);
      await destroyed(held);
    },
  };
}

/** Holds the reader's end open, never reads, and makes it raw: no echo, no signals, no translation. */
function holdRaw(device: string): ReadStream {
  const held = new ReadStream(openSync(device, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK));
  held.on('error', () => held.destroy());
  held.setRawMode(true);
  held.unref();
  return held;
}

async function destroyed(stream: ReadStream): Promise<void> {
  if (stream.closed) return;
  const closed = once(stream, 'close');
  stream.destroy();
  await closed;
}

/** How many bytes the kernel took; 0 when its buffer is full. */
function writeSome(fd: number, bytes: Uint8Array): number {
  try {
    return writeSync(fd, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw error;
  }
}

/** Points `link` at `device` in one step, so that nobody finds it missing or half-made. */
async function point(link: string, device: string): Promise<void> {
  const fresh = `${link}.new`;
  await rm(fresh, { force: true });
  await symlink(device, fresh);
  await rename(fresh, link);
}
