/** What the machine says of its own clock. Every path lies below `root`, so that tests can lay out a machine. */
import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { monotonicMs } from '../wait.ts';

export type ClockSigns = {
  /** A time server has set the clock since boot; the text changes with each time that it did so anew. Null: not. */
  readonly ntp: string | null;
  /** A clock that runs on a battery set ours at boot, and both agree still. */
  readonly rtc: boolean;
};

/** Asks the machine's time service whether the kernel holds its clock for synchronised. */
export type AskTimeService = () => Promise<boolean>;

/** The clocks that are asked, and where the machine's files are. */
export type TimeSources = {
  /** The file system's root. */
  readonly root: string;
  /** The machine's wall clock, ms UTC: right or wrong. */
  wallMs(): number;
  /** The kernel's monotonic clock, ms since boot. */
  monoMs(): number;
  readonly askTimeService: AskTimeService;
};

/** How far an RTC, which counts whole seconds, and the clock that was set from it may differ. */
const rtcAgreesMs = 5_000;

/** `ask` is for machines whose time service leaves no flag (chrony, ntpd); null when it was asked not long ago. */
export async function readSigns(root: string, wallMs: number, ask: AskTimeService | null): Promise<ClockSigns> {
  const [flag, rtc] = await Promise.all([timesyncdFlag(root), rtcAgrees(root, wallMs)]);
  if (flag !== null) return { ntp: flag, rtc };
  return { ntp: ask && (await ask()) ? 'service' : null, rtc };
}

/** systemd-timesyncd touches this file whenever it has set the clock (systemd-timesyncd.service(8)); /run ends with the boot. */
async function timesyncdFlag(root: string): Promise<string | null> {
  try {
    return `flag ${(await stat(join(root, 'run/systemd/timesync/synchronized'))).mtimeMs}`;
  } catch {
    return null;
  }
}

/** The kernel says of each RTC whether it set the system clock from it (Documentation/ABI/testing/rtc-cdev, sysfs). */
async function rtcAgrees(root: string, wallMs: number): Promise<boolean> {
  const folder = join(root, 'sys/class/rtc');
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const read = (file: string) => readFile(join(folder, name, file), 'utf8').catch(() => '');
    const [setsClock, sinceEpochS] = await Promise.all([read('hctosys'), read('since_epoch')]);
    if (setsClock.trim() === '1' && Math.abs(Number(sinceEpochS) * 1_000 - wallMs) <= rtcAgreesMs) return true;
  }
  return false;
}

/** The machine as it is. */
export function machineTime(): TimeSources {
  return { root: '/', wallMs: Date.now, monoMs: monotonicMs, askTimeService: askTimedatectl };
}

/** `timedatectl` tells the kernel's own word (adjtimex), which nothing else does without native code. */
function askTimedatectl(): Promise<boolean> {
  return new Promise((resolve) => {
    execFile('timedatectl', ['show', '--property=NTPSynchronized', '--value'], { timeout: 5_000 }, (error, stdout) =>
      resolve(!error && stdout.trim() === 'yes'),
    );
  });
}
