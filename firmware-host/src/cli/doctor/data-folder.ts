import { randomBytes } from 'node:crypto';
import { access, constants, open, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf, systemCodeOf } from '../../errors.ts';
import { bytesText } from '../terminal.ts';
import { type Check, type Finding, fail, pass, warn } from './check.ts';

const slowMs = 250;
const tooSlowMs = 1_000;
const lowShare = 0.1;
const lowBytes = 50e6;

/** The folder of readings: there, writable, with room, and on a disk that answers. */
export const dataFolder: Check = {
  name: 'disk',
  needs: 'settings',
  async run(_world, { data }) {
    const writable = await tryWrite(data);
    return [writable, ...(await room(data))];
  },
};

/** Writes and syncs a small file of its own. */
async function tryWrite(data: string): Promise<Finding> {
  const folder = await nearestThere(data);
  if (folder !== data) {
    const code = await access(folder, constants.W_OK | constants.X_OK).then(
      () => null,
      (error) => systemCodeOf(error) ?? '',
    );
    return judgeNotYet(data, folder, code);
  }
  const path = join(folder, `.doctor-${process.pid}`);
  try {
    const beganMs = performance.now();
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(randomBytes(4_096));
      await file.sync();
    } finally {
      await file.close();
    }
    return judgeLatency(data, performance.now() - beganMs);
  } catch (error) {
    const isForbidden = ['EACCES', 'EPERM'].includes(systemCodeOf(error) ?? '');
    if (isForbidden) return judgeForbidden(data, (await stat(data)).uid, process.getuid?.() ?? 0);
    return fail(`${data} cannot be written: ${messageOf(error)}`, mendFor(systemCodeOf(error)));
  } finally {
    await rm(path, { force: true }).catch(() => undefined);
  }
}

/** A folder that the agent will make at its first start, if it may: `code` says why not. Pure. */
export function judgeNotYet(data: string, above: string, code: string | null): Finding {
  if (code === null) return warn(`${data} is not there yet`, 'the agent makes it at its first start');
  const says = `${data} is not there, and cannot be made in ${above}`;
  return code === 'EACCES' ? warn(`${says} by this user`, 'run doctor with sudo') : fail(says, mendFor(code));
}

/** Whoever is not the owner of the folder cannot tell whether the owner may write. Pure. */
export function judgeForbidden(data: string, ownerId: number, ownId: number): Finding {
  return ownerId === ownId
    ? fail(`${data} may not be written by its owner`, `sudo chmod u+rwx ${data}`)
    : warn(`${data} is another user's: whether that one can write cannot be told`, 'run doctor with sudo');
}

/** Pure. */
export function judgeLatency(data: string, ms: number): Finding {
  const says = `${data}: written and synced in ${Math.round(ms)} ms`;
  if (ms >= tooSlowMs) return fail(says, 'the card or disk is failing or overloaded: see dmesg, and replace it');
  return ms >= slowMs ? warn(says, 'the card or disk is slow: see dmesg; have a new one at hand') : pass(says);
}

function mendFor(code: string | undefined): string {
  if (code === 'EROFS') return 'the disk is mounted read-only: often after errors, see dmesg; mount -o remount,rw';
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return 'the disk is full: delete what is not needed, see: df -h; du -xsh /var/*';
  return "correct the setting 'data'";
}

async function room(data: string): Promise<Finding[]> {
  const { bavail, blocks, bsize } = await statfs(await nearestThere(data));
  return [judgeRoom(bavail * bsize, blocks * bsize)];
}

/** Pure. */
export function judgeRoom(freeBytes: number, totalBytes: number): Finding {
  const says = `${bytesText(freeBytes)} free of ${bytesText(totalBytes)}`;
  if (freeBytes < 1e6) return fail(says, 'the disk is full: delete what is not needed, see: df -h; du -xsh /var/*');
  if (freeBytes < lowBytes || freeBytes < lowShare * totalBytes)
    return warn(says, 'little room: delete what is not needed, see: df -h; du -xsh /var/*');
  return pass(says);
}

/** The folder, or the nearest above it that is there. */
async function nearestThere(path: string): Promise<string> {
  const isThere = await stat(path).then(
    () => true,
    (error) => systemCodeOf(error) !== 'ENOENT',
  );
  return isThere || path === dirname(path) ? path : nearestThere(dirname(path));
}
