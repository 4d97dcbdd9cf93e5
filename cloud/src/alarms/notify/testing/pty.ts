/**
 * A pair of kernel ttys: the notifier opens `path`, the fake modem speaks at the other end.
 *
 * Two traps of node-pty's `open()`: its own slave stream steals bytes until it is destroyed (we hold the slave open by
 * a descriptor of our own first), and `destroy()` or `kill()` of the pair must never be called: an opened pair has
 * process id -1, and the signal would go to every process there is.
 */
import { closeSync, constants, openSync, readdirSync, readlinkSync } from 'node:fs';
import type { ReadStream } from 'node:tty';
import * as nodePty from '@lydell/node-pty';

export type Pty = {
  readonly path: string;
  write(text: string): void;
  /** How often this process has the modem's end open, what the pair itself keeps open left out. */
  openings(): number;
  /** As when the USB plug is pulled. */
  unplug(): Promise<void>;
};

/** `open` is left out of node-pty's types. */
type OpenedPair = { master: ReadStream; slave: ReadStream; ptsName: string };
const open = (nodePty as unknown as { open(options: { encoding: null }): OpenedPair }).open;

export async function openPty(onText: (text: string) => void): Promise<Pty> {
  const { master, slave, ptsName: path } = open({ encoding: null });
  const held = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  const slaveClosed = new Promise((resolve) => slave.once('close', resolve));
  slave.destroy();
  await slaveClosed;
  const kept = openDescriptors(path);
  master.on('error', () => undefined);
  master.on('data', (bytes: Buffer) => onText(bytes.toString('latin1')));
  let closed = false;
  return {
    path,
    write: (text) => {
      if (!closed) master.write(Buffer.from(text, 'latin1'));
    },
    openings: () => (closed ? 0 : openDescriptors(path) - kept),
    async unplug() {
      if (closed) return;
      closed = true;
      const gone = new Promise((resolve) => master.once('close', resolve));
      master.destroy();
      await gone;
      closeSync(held);
    },
  };
}

function openDescriptors(path: string): number {
  const folder = '/proc/self/fd';
  return readdirSync(folder).filter((name) => {
    try {
      return readlinkSync(`${folder}/${name}`) === path;
    } catch {
      return false;
    }
  }).length;
}
