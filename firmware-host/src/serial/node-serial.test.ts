import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../testing/builders.ts';
import { hangUp } from '../testing/hang-up.ts';
import { openPty, type Pty } from '../testing/pty.ts';
import { holdersOf } from './holders.ts';
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

function listen(timing = {}) {
  let text = '';
  const states: string[] = [];
  const problems: unknown[] = [];
  const link: SerialLink = openNodeSerial(
    { path, baudRate: 9600 },
    {
      onBytes: (bytes) => {
        text += String.fromCharCode(...bytes);
      },
      onState(state, reason, problem) {
        states.push(`${state}: ${reason}`);
        problems.push(problem);
      },
    },
    { reopenMs: 20, silenceMs: 50, ...timing },
  );
  open.push(link);
  return { link, text: () => text, states, problems };
}

/** Another program at the same line, for as long as the test lasts. */
function program(command: string, ...args: string[]): number {
  const child = spawn(command, args, { stdio: 'ignore' });
  open.push({
    close: () =>
      new Promise<void>((resolve) => {
        child.once('exit', () => resolve());
        if (!child.kill('SIGKILL')) resolve();
      }),
  });
  return child.pid as number;
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
  it('does not run away when reads give nothing', async () => {
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

  it('is flagged and comes back each time it is unplugged, at no cost', async () => {
    const { link, text, states, problems } = listen({ reopenMs: 50 });
    const before = process.cpuUsage();
    const beganMs = performance.now();
    for (let i = 0; i < 5; i++) {
      const pty = await plug();
      await until('open', () => link.state() === 'open');
      await pty.write(bytes(`R100${i}\r`));
      await until('bytes', () => text().endsWith(`R100${i}\r`));
      unlinkSync(path);
      await hangUp(pty.path);
      await until('flagged', () => link.state() === 'closed' && states.at(-1) !== 'closed: hung up', 5_000);
      expect(problems.at(-1)).toBe('node-missing');
      // For a while nothing is plugged in: this is where the known loop eats a processor.
      const untilMs = performance.now() + 200;
      await until('some time without it', () => performance.now() > untilMs);
    }
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000 / (performance.now() - beganMs)).toBeLessThan(0.5);
    expect(link.reopens()).toBe(4);
    expect(text()).toBe('R1000\rR1001\rR1002\rR1003\rR1004\r');
  });
  it('hung up under a node that stays is opened again', async () => {
    const pty = await plug();
    const { link, text } = listen();
    await until('open', () => link.state() === 'open');
    await hangUp(pty.path);
    await until('open again', () => link.reopens() === 1);
    await pty.write(bytes('R1234\r'));
    await until('bytes', () => text() === 'R1234\r');
  });
  it('names the program that holds it', async () => {
    const pty = await plug();
    const pid = program('flock', pty.path, 'sleep', '60');
    await until('it is held', async () => (await holdersOf(path)).holders.some((holder) => holder.pid === pid));
    const { states, problems } = listen();
    await until('refused', () => states.length > 0);
    expect(states[0]).toContain(`${path} is held by flock (process ${pid})`);
    expect(problems[0]).toBe('foreign-owner');
  });
  it('names the program that reads along, and forgets it when it has gone', async () => {
    const pty = await plug();
    const { link, states, problems } = listen({ silenceMs: 50, holdersMs: 20 });
    await until('open', () => link.state() === 'open');
    const pid = program('cat', pty.path);
    await until('found', () => states.some((words) => words.includes(`open: also read by cat (process ${pid})`)));
    expect(problems.at(-1)).toBe('foreign-owner');
    process.kill(pid, 'SIGKILL');
    await until('gone', () => states.at(-1) === 'open: read by us alone again');
    expect(problems.at(-1)).toBeNull();
    expect(link.reopens()).toBe(0);
  });
  it('sends what is asked, and gives up a line that takes nothing', async () => {
    const pty = await plug();
    const { link, states } = listen();
    await expect(link.write(bytes('U'))).rejects.toThrow('is closed');
    await until('open', () => link.state() === 'open');
    await link.write(bytes('U'));
    pty.stall();
    await expect(link.write(new Uint8Array(1 << 20))).rejects.toThrow('takes no bytes');
    await until('opened afresh', () => link.reopens() === 1);
    expect(states).toContain(`closed: ${path} takes no bytes`);
  });
  it('says of a file that it is no serial line', async () => {
    writeFileSync(path, 'R1234\r');
    const { states, problems } = listen();
    await until('refused', () => states.length > 0);
    expect(states[0]).toContain('is no serial line');
    expect(problems[0]).toBeNull();
  });
});
