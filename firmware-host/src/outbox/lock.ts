/**
 * One agent a folder. The lock names its process by id, start time and boot, so that a lock left by a killed
 * agent is known as stale even when its id has been given anew.
 */
import { open, readFile, unlink } from 'node:fs/promises';
import { agentError, systemCodeOf } from '../errors.ts';
import { readIfThere } from './durable.ts';

const ours = new Set<string>();

/** Takes the lock at `path` or rejects with `outbox-locked`. The returned function gives it back. */
export async function takeLock(path: string): Promise<() => Promise<void>> {
  if (ours.has(path)) throw locked(path, process.pid);
  ours.add(path);
  try {
    await write(path);
  } catch (error) {
    ours.delete(path);
    throw error;
  }
  return async () => {
    ours.delete(path);
    await unlink(path).catch(() => undefined);
  };
}

async function write(path: string): Promise<void> {
  const mark = `${process.pid} ${await startOf(process.pid)} ${await bootOf()}`;
  for (const attempt of [1, 2]) {
    try {
      const file = await open(path, 'wx', 0o600);
      // A full disk takes no mark. Better a lock that the next agent may break than a gauge that falls silent.
      await file.writeFile(mark).catch(() => undefined);
      await file.close();
      return;
    } catch (error) {
      if (systemCodeOf(error) !== 'EEXIST') throw error;
    }
    const holder = await holderOf(path);
    if (holder !== null || attempt === 2) throw locked(path, holder);
    await unlink(path).catch(() => undefined);
  }
}

/** The living process that holds the lock at `path`, null when there is none. */
export async function holderOf(path: string): Promise<number | null> {
  const [pid, start, boot] = ((await readIfThere(path)) ?? '').split(' ');
  const holder = Number(pid);
  // Our own id in a lock we do not hold is a former process that had the same number.
  if (!Number.isInteger(holder) || holder <= 0 || holder === process.pid) return null;
  return boot === (await bootOf()) && (await startOf(holder)) === start ? holder : null;
}

/** Which start of the kernel this is: after a power cut the same id and tick may well be given again. */
async function bootOf(): Promise<string> {
  return (await readIfThere('/proc/sys/kernel/random/boot_id').catch(() => null))?.trim() || 'unknown';
}

/** When a process began, in the kernel's ticks since boot (proc(5), stat field 22); `gone` for none. */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 'unknown';
  } catch {
    return alive(pid) ? 'unknown' : 'gone';
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCodeOf(error) === 'EPERM';
  }
}

function locked(path: string, holder: number | null) {
  const who = holder === null ? 'another process' : `process ${holder}`;
  return agentError(
    'outbox-locked',
    `${path}: ${who} uses this data folder; stop it, or give each agent its own 'data'`,
  );
}
