/**
 * Room held back on the disk. When nothing else fits any more, a part of it is given free, so that what makes
 * room (a cursor, a thinned segment) can be written; it is taken back when there is space again. Real bytes
 * that do not compress: a hole in a file holds nothing back.
 */
import { randomFillSync } from 'node:crypto';
import { dirname } from 'node:path';
import { type Files, isDiskFull, type OpenFile, writeAll } from './files.ts';

export type Ballast = {
  /** Bytes that it lacks. */
  missing(): number;
  /** Gives at least `bytes` free; false when there was nothing to give. */
  release(bytes: number): Promise<boolean>;
  /** Takes back what it lacks while `spare` bytes stay free beside it; true when it lacks nothing. */
  refill(spare: number): Promise<boolean>;
};

const chunkBytes = 65_536;

/** Does what takes no more than `bytes`; where there is no room the ballast gives it, once. */
export async function helped<T>(ballast: Ballast, bytes: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isDiskFull(error) || !(await ballast.release(bytes))) throw error;
    return work();
  }
}

/** `size` bytes at `path`; looks at the file that is there but writes nothing yet. */
export async function openBallast(files: Files, path: string, size: number): Promise<Ballast> {
  let held = await withFile(files, path, 'read', (file) => file.size()).catch(() => 0);
  if (held > size) held = await cut(files, path, size).catch(() => held);
  return {
    missing: () => Math.max(0, size - held),
    async release(bytes) {
      if (held === 0) return false;
      const rest = Math.max(0, held - bytes);
      // Some file systems want room even to cut a file; deleting it needs the least.
      held = await cut(files, path, rest).catch(() => files.remove(path).then(() => 0));
      return true;
    },
    async refill(spare) {
      if (held >= size) return true;
      const free = await files.free(dirname(path));
      const room = free === null ? size - held : Math.min(size - held, free - spare);
      if (room <= 0) return false;
      const before = held;
      try {
        held = await extended(files, path, before, before + room);
      } catch {
        // Elsewhere somebody took the room meanwhile: leave what there is to them and to us.
        held = await cut(files, path, before).catch(() => 0);
      }
      return held >= size;
    },
  };
}

async function extended(files: Files, path: string, from: number, to: number): Promise<number> {
  const chunk = randomFillSync(Buffer.allocUnsafe(chunkBytes));
  return withFile(files, path, from === 0 ? 'new' : 'edit', async (file) => {
    for (let at = from; at < to; at += chunkBytes)
      await writeAll(file, chunk.subarray(0, Math.min(chunkBytes, to - at)), at);
    await file.datasync();
    return to;
  });
}

async function cut(files: Files, path: string, to: number): Promise<number> {
  return withFile(files, path, 'edit', async (file) => {
    await file.truncate(to);
    return to;
  });
}

async function withFile<T>(
  files: Files,
  path: string,
  how: 'read' | 'edit' | 'new',
  work: (file: OpenFile) => Promise<T>,
): Promise<T> {
  const file = await files.open(path, how);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}
