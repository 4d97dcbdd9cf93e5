/**
 * The handful of file calls that the outbox makes: one seam, so that tests can let a disk fill up, tear a
 * write and count syncs. Errors are the system's (`ENOSPC`, `EIO`, …).
 */
import { type FileHandle, mkdir, open, readdir, rename, rm, statfs, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCodeOf } from '../errors.ts';

export type OpenFile = {
  size(): Promise<number>;
  /** How many bytes came; fewer than asked for only at the end of the file. */
  read(into: Buffer, position: number): Promise<number>;
  /** How many bytes were taken: a disk that fills up takes a part and refuses the rest. */
  write(bytes: Buffer, position: number): Promise<number>;
  datasync(): Promise<void>;
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
};

export type Files = {
  /** `read` and `edit` want the file to be there; `new` begins it empty. */
  open(path: string, how: 'read' | 'edit' | 'new'): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  removeTree(path: string): Promise<void>;
  makeFolder(path: string): Promise<void>;
  list(folder: string): Promise<string[]>;
  /** Makes the names in a folder durable. */
  syncFolder(path: string): Promise<void>;
  /** Bytes that may still be written; null where that cannot be told. */
  free(folder: string): Promise<number | null>;
};

const flags = { read: 'r', edit: 'r+', new: 'w' } as const;

/** The real disk. */
export const diskFiles: Files = {
  open: async (path, how) => openFileOf(await open(path, flags[how], 0o600)),
  rename,
  remove: unlink,
  removeTree: (path) => rm(path, { recursive: true, force: true }),
  async makeFolder(path) {
    await mkdir(path);
  },
  list: (folder) => readdir(folder),
  async syncFolder(path) {
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
  async free(folder) {
    try {
      const { bavail, bsize } = await statfs(folder);
      return bavail * bsize;
    } catch {
      return null;
    }
  },
};

function openFileOf(file: FileHandle): OpenFile {
  return {
    size: async () => (await file.stat()).size,
    read: async (into, position) => (await file.read(into, 0, into.length, position)).bytesRead,
    write: async (bytes, position) => (await file.write(bytes, 0, bytes.length, position)).bytesWritten,
    datasync: () => file.datasync(),
    sync: () => file.sync(),
    truncate: (length) => file.truncate(length),
    close: () => file.close(),
  };
}

/** Writes all of `bytes`, over as many calls as it takes. */
export async function writeAll(file: OpenFile, bytes: Buffer, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += await file.write(bytes.subarray(at), position + at);
}

/** The file's bytes from `position` to its end, null when it is not there or the disk no longer gives it. */
export async function readIfGiven(files: Files, path: string, position = 0): Promise<Buffer | null> {
  try {
    const file = await files.open(path, 'read');
    try {
      // One byte more than there should be: a worn card may call a file empty that it cannot read.
      const bytes = Buffer.allocUnsafe(Math.max(0, (await file.size()) - position) + 1);
      return bytes.subarray(0, await file.read(bytes, position));
    } finally {
      await file.close();
    }
  } catch (error) {
    if (['ENOENT', 'EIO', 'EISDIR'].includes(systemCodeOf(error) ?? '')) return null;
    throw error;
  }
}

/** Writes a whole file by temp file, fsync, rename and fsync of the folder: it is the old or the new. */
export async function replaceFile(files: Files, path: string, bytes: Buffer): Promise<void> {
  const temp = `${path}.tmp`;
  const file = await files.open(temp, 'new');
  try {
    await writeAll(file, bytes, 0);
    await file.sync();
  } catch (error) {
    await file.close();
    // What is half written on a full disk takes room that others need.
    await files.remove(temp).catch(() => undefined);
    throw error;
  }
  await file.close();
  await files.rename(temp, path);
  await files.syncFolder(dirname(path));
}

export function isDiskFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(systemCodeOf(error) ?? '');
}
