import { execFile } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../testing/builders.ts';
import { openPty, type Pty } from '../testing/pty.ts';
import { lacksTool } from '../testing/tools.ts';
import type { SerialLink } from './link.ts';
import { openNodeSerial } from './node-serial.ts';

const stty = (path: string, ...settings: string[]) => promisify(execFile)('stty', ['-F', path, ...settings]);
const folder = mkdtempSync(join(tmpdir(), 'siaga-tty-'));
const path = join(folder, 'port');
let open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.reverse()) await one.close();
  open = [];
  rmSync(path, { force: true });
});

/** A tty behind a stable link, as udev makes them. */
async function plug(): Promise<Pty> {
  const pty = await openPty();
  open.push(pty);
  symlinkSync(pty.path, `${path}.new`);
  renameSync(`${path}.new`, path);
  return pty;
}

function listen(timing = {}): { link: SerialLink; text: () => string; states: string[] } {
  let text = '';
  const states: string[] = [];
  const link = openNodeSerial(
    { path, baudRate: 9600 },
    {
      onBytes: (bytes) => {
        text += String.fromCharCode(...bytes);
      },
      onState: (state, reason) => states.push(`${state}: ${reason}`),
    },
    { reopenMs: 20, silenceMs: 50, ...timing },
  );
  open.push(link);
  return { link, text: () => text, states };
}

const bytes = (text: string) => new TextEncoder().encode(text);

describe('a serial line on a kernel tty', () => {
  it('gives the bytes as they are written, control characters too', async () => {
    const pty = await plug();
    const { link, text } = listen();
    await until('open', () => link.state() === 'open');
    const sent = 'R1234\r\x03\x04\x11\x13\x1a\x7f\r\n\xff\x00R0300\r';
    await pty.write(Uint8Array.from(sent, (letter) => letter.charCodeAt(0)));
    await until('all bytes', () => text().length >= sent.length);
    expect(text()).toBe(sent);
  });
  it('waits for a port that is not there yet', async () => {
    const { link, text, states } = listen();
    await until('a failed attempt', () => states.length > 0);
    const pty = await plug();
    await until('open', () => link.state() === 'open');
    await pty.write(bytes('R1500\r'));
    await until('bytes', () => text() === 'R1500\r');
    expect(link.reopens()).toBe(0);
  });
  it('comes back after the line hung up, under another device', async () => {
    const first = await plug();
    const { link, text, states } = listen();
    await until('open', () => link.state() === 'open');
    await first.close();
    await until('closed', () => link.state() === 'closed');
    const second = await plug();
    await until('open again', () => link.state() === 'open');
    await second.write(bytes('R1600\r'));
    await until('bytes', () => text() === 'R1600\r');
    expect(link.reopens()).toBe(1);
    expect(states[0]).toBe('open: opened');
  });
  it('leaves a silent line for the device that took its path', async () => {
    await plug();
    const { link, text, states } = listen();
    await until('open', () => link.state() === 'open');
    const second = await plug();
    await until('reopened', () => link.reopens() === 1 && link.state() === 'open');
    await second.write(bytes('R1700\r'));
    await until('bytes', () => text() === 'R1700\r');
    expect(states).toContain('closed: device replaced');
  });
  it('does not run away when reads give nothing', async (ctx) => {
    const lacking = lacksTool('stty', 'coreutils');
    ctx.skip(lacking !== undefined, lacking);
    const pty = await plug();
    const { link, text, states } = listen({ silenceMs: 5_000, reopenMs: 100 });
    await until('open', () => link.state() === 'open');
    // Another program sets VMIN 0: from now on an empty read gives 0 bytes, as on a hung-up tty.
    await stty(pty.path, 'min', '0', 'time', '0');
    await pty.write(bytes('R1800\r'));
    const before = process.cpuUsage();
    const beganMs = performance.now();
    await until('reopened or still well', async () => performance.now() - beganMs > 400);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000 / (performance.now() - beganMs)).toBeLessThan(0.5);
    await until('open', () => link.state() === 'open');
    await pty.write(bytes('R1900\r'));
    await until('bytes', () => text().endsWith('R1900\r'));
    expect(states.length).toBeLessThan(10);
  });
});
