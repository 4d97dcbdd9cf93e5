/**
 * A serial line over `serialport`'s binding, without its stream.
 *
 * The stream's own reader recurses for ever when a read gives 0 bytes, as a hung-up tty does: a processor
 * at full load, memory growing, no event (serialport/bindings-cpp issue 162, open in 13.0). So we read
 * ourselves: the descriptor does not block, a read is a copy out of the kernel's buffer, and 0 bytes mean
 * that the line is gone. Reading is never paused, and needs no thread from the pool that disk syncs fill.
 *
 * A line that is gone is opened again, under whatever device its path then names. A silent line is looked
 * at: a device that was replaced behind an open descriptor says nothing at all.
 */
import { fstatSync, readSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { SerialPort } from 'serialport';
import { messageOf, systemCodeOf } from '../errors.ts';
import { pause } from '../wait.ts';
import type { LinkEvents, LinkSettings, LinkState, SerialLink } from './link.ts';

export type NodeSerialTiming = {
  /** Real ms between two attempts to open. */
  readonly reopenMs: number;
  /** After this long without a byte, and as often again, the device node is compared with the open one. */
  readonly silenceMs: number;
  /** After this long without a byte the line is opened afresh: adapters wedge. */
  readonly staleMs: number;
};

const defaultTiming: NodeSerialTiming = { reopenMs: 1_000, silenceMs: 5_000, staleMs: 900_000 };

/** What we use of an open port; Linux and macOS bindings have the descriptor and its poller. */
type Port = Awaited<ReturnType<typeof SerialPort.binding.open>>;

const readBytes = 4096;

export function openNodeSerial(
  { path, baudRate }: LinkSettings,
  events: LinkEvents,
  timing: Partial<NodeSerialTiming> = {},
): SerialLink {
  const { reopenMs, silenceMs, staleMs } = { ...defaultTiming, ...timing };
  const ending = new AbortController();
  let current: Port | null = null;
  let state: LinkState = 'closed';
  let opens = 0;
  let heardAtMs = 0;
  let lastReason = '';
  let closedFor: string | null = null;

  const tell = (next: LinkState, reason: string): void => {
    if (ending.signal.aborted || (next === state && reason === lastReason)) return;
    state = next;
    lastReason = reason;
    events.onState(next, reason);
  };

  const onBytes = (bytes: Uint8Array): void => {
    heardAtMs = performance.now();
    if (!ending.signal.aborted) events.onBytes(bytes);
  };

  /** Closes the port when its device has gone or been replaced, or has been silent for very long. */
  const watch = async (port: Port): Promise<void> => {
    const silentMs = performance.now() - heardAtMs;
    if (port !== current || silentMs < silenceMs) return;
    const reason = silentMs >= staleMs ? 'silent for long' : await replaced(path, port);
    if (reason === null || port !== current) return;
    if (silentMs >= staleMs) heardAtMs = performance.now();
    closedFor = reason;
    await port.close().catch(() => undefined);
  };

  const session = async (): Promise<string> => {
    const port = await SerialPort.binding.open({ path, baudRate });
    if (ending.signal.aborted) return port.close().then(() => 'closed');
    current = port;
    closedFor = null;
    opens++;
    heardAtMs = performance.now();
    tell('open', 'opened');
    const timer = setInterval(() => watch(port), Math.min(silenceMs, 1_000));
    try {
      const ended = await readAll(port, onBytes);
      return closedFor ?? ended;
    } finally {
      clearInterval(timer);
      current = null;
      if (port.isOpen) await port.close().catch(() => undefined);
    }
  };

  const run = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      const reason = await session().catch((error) => messageOf(error).replace(/^Error: /, ''));
      tell('closed', reason);
      await pause(reopenMs, ending.signal);
    }
  };
  const running = run();

  return {
    state: () => state,
    reopens: () => Math.max(0, opens - 1),
    async write(bytes) {
      if (!current?.isOpen) throw new Error(`${path} is closed`);
      await current.write(Buffer.from(bytes));
    },
    async close() {
      ending.abort();
      if (current?.isOpen) await current.close().catch(() => undefined);
      await running;
      state = 'closed';
    },
  };
}

/** Hands over bytes until the port is closed or hung up; resolves with why it ended. */
async function readAll(port: Port, onBytes: (bytes: Uint8Array) => void): Promise<string> {
  return 'poller' in port && 'fd' in port ? readByDescriptor(port, onBytes) : readByBinding(port, onBytes);
}

async function readByDescriptor(
  port: Extract<Port, { poller: unknown }>,
  onBytes: (bytes: Uint8Array) => void,
): Promise<string> {
  const buffer = Buffer.alloc(readBytes);
  while (port.isOpen && port.fd !== null) {
    const count = readNow(port.fd, buffer);
    if (count === 0) return 'hung up';
    if (count !== null) onBytes(new Uint8Array(buffer.subarray(0, count)));
    // After each read too: a line that never pauses must not keep the rest of the agent from running.
    const cancelled = await readable(port);
    if (cancelled) return port.isOpen ? messageOf(cancelled) : 'closed';
  }
  return 'closed';
}

/** Windows: no descriptor to read, and no 0-byte reads either. */
async function readByBinding(port: Port, onBytes: (bytes: Uint8Array) => void): Promise<string> {
  const buffer = Buffer.alloc(readBytes);
  while (port.isOpen) {
    const { bytesRead } = await port.read(buffer, 0, readBytes);
    if (bytesRead === 0) return 'hung up';
    onBytes(new Uint8Array(buffer.subarray(0, bytesRead)));
  }
  return 'closed';
}

/** Bytes read, 0 for a hung-up line, null when there are none now. */
function readNow(fd: number, buffer: Buffer): number | null {
  try {
    return readSync(fd, buffer, 0, buffer.length, null);
  } catch (error) {
    if (['EAGAIN', 'EWOULDBLOCK', 'EINTR'].includes(systemCodeOf(error) ?? '')) return null;
    throw error;
  }
}

function readable(port: Extract<Port, { poller: unknown }>): Promise<Error | null> {
  return new Promise((resolve) => {
    port.poller.once('readable', resolve);
  });
}

/** Why the open port is no longer what its path names; null while it is. */
async function replaced(path: string, port: Port): Promise<string | null> {
  if (!('fd' in port) || port.fd === null) return null;
  try {
    const [named, open] = [await stat(path), fstatSync(port.fd)];
    return named.ino === open.ino && named.rdev === open.rdev ? null : 'device replaced';
  } catch (error) {
    return systemCodeOf(error) === 'ENOENT' ? 'device gone' : null;
  }
}
