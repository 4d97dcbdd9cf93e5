/**
 * Who else has a serial line open. Two readers of one line each get a part of its bytes, and neither hears of it;
 * the kernel tells only under /proc/<pid>/fd, and of other users' processes only to root.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import { setImmediate } from 'node:timers/promises';

export type Holder = { readonly pid: number; readonly name: string };

export type Holders = {
  readonly holders: readonly Holder[];
  /** Processes that this user may not look into. */
  readonly hidden: number;
};

/** Looks through all processes but our own, a few at a time. A path that is not there is held by nobody. */
export async function holdersOf(path: string, proc = '/proc'): Promise<Holders> {
  const device = await realpath(path).catch(() => null);
  if (device === null) return { holders: [], hidden: 0 };
  const holders: Holder[] = [];
  let hidden = 0;
  for (const [i, pid] of (await processes(proc)).entries()) {
    if (i % 16 === 15) await setImmediate();
    if (pid === process.pid) continue;
    const names = openFiles(proc, pid);
    if (names === null) hidden++;
    else if (names.includes(device)) holders.push({ pid, name: nameOf(proc, pid) });
  }
  return { holders, hidden };
}

/** Processes by one of these names, with what they were started with. Everybody may see that. */
export async function running(names: readonly string[], proc = '/proc'): Promise<(Holder & { command: string })[]> {
  return (await processes(proc)).flatMap((pid) => {
    const name = nameOf(proc, pid);
    return names.includes(name) ? [{ pid, name, command: commandOf(proc, pid) }] : [];
  });
}

async function processes(proc: string): Promise<number[]> {
  const entries = await readdir(proc).catch(() => []);
  return entries.filter((name) => /^\d+$/.test(name)).map(Number);
}

/** What a process has open, by name; null where we may not look. A process that has just ended has nothing open. */
function openFiles(proc: string, pid: number): string[] | null {
  const folder = `${proc}/${pid}/fd`;
  try {
    return readdirSync(folder).map((fd) => linkOf(`${folder}/${fd}`));
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EACCES' ? null : [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** Node calls its processes after a thread: the script says more. */
function nameOf(proc: string, pid: number): string {
  const name = textOf(`${proc}/${pid}/comm`).trim() || 'unknown';
  if (name !== 'MainThread' && name !== 'node') return name;
  const script = commandOf(proc, pid)
    .split(' ')
    .find((word, i) => i > 0 && !word.startsWith('-'));
  if (script === undefined) return 'node';
  return /(siaga-agent.*\/app\/main\.mjs|firmware-host\/src\/main\.ts)$/.test(script)
    ? 'siaga-agent'
    : `node ${basename(script)}`;
}

function commandOf(proc: string, pid: number): string {
  return textOf(`${proc}/${pid}/cmdline`).replaceAll('\0', ' ').trim();
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** `minicom (process 812)`, or several of them. */
export function namesOf(holders: readonly Holder[]): string {
  return holders.map(({ pid, name }) => `${name} (process ${pid})`).join(', ');
}
