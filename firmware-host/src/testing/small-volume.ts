/**
 * A disk of so many bytes, on the real one: what fits is really written, the rest fails as on a full disk, with a
 * short write first where a part fits. Counts what it is asked to do. Syncs are counted only, unless they shall be real.
 */
import { statSync } from 'node:fs';
import { diskFiles, type Files, type OpenFile } from '../outbox/files.ts';

export type SmallVolume = {
  readonly files: Files;
  /** Bytes that it holds at most from now on; what is there stays. */
  resize(capacity: number): void;
  used(): number;
  counts(): { readonly syncs: number; readonly bytesWritten: number; readonly bytesRead: number };
};

export function smallVolume(
  capacityAtFirst = Number.POSITIVE_INFINITY,
  { realSyncs = false }: { readonly realSyncs?: boolean } = {},
): SmallVolume {
  const sizes = new Map<string, number>();
  let capacity = capacityAtFirst;
  let syncs = 0;
  let bytesWritten = 0;
  let bytesRead = 0;

  const used = () => [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const full = () => Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  const sizeOf = (path: string): number => {
    const size = sizes.get(path) ?? statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    sizes.set(path, size);
    return size;
  };
  const counted = async (sync: () => Promise<void>): Promise<void> => {
    syncs++;
    if (realSyncs) await sync();
  };

  const wrap = (path: string, file: OpenFile): OpenFile => ({
    ...file,
    async read(into, position) {
      const count = await file.read(into, position);
      bytesRead += count;
      return count;
    },
    async write(bytes, position) {
      const size = sizeOf(path);
      const growth = Math.max(0, position + bytes.length - size);
      const fits = bytes.length - Math.max(0, growth - Math.max(0, capacity - used()));
      if (fits <= 0) throw full();
      const count = await file.write(bytes.subarray(0, fits), position);
      sizes.set(path, Math.max(size, position + count));
      bytesWritten += count;
      return count;
    },
    datasync: () => counted(() => file.datasync()),
    sync: () => counted(() => file.sync()),
    async truncate(length) {
      await file.truncate(length);
      sizes.set(path, length);
    },
  });

  const files: Files = {
    async open(path, how) {
      // A new name wants a place in its folder.
      if (how === 'new' && !sizes.has(path) && used() >= capacity) throw full();
      const file = await diskFiles.open(path, how);
      if (how === 'new') sizes.set(path, 0);
      else sizeOf(path);
      return wrap(path, file);
    },
    async rename(from, to) {
      await diskFiles.rename(from, to);
      sizes.set(to, sizeOf(from));
      sizes.delete(from);
      sizeOf(to);
    },
    async remove(path) {
      await diskFiles.remove(path);
      sizes.delete(path);
    },
    async removeTree(path) {
      await diskFiles.removeTree(path);
      for (const name of sizes.keys()) if (name.startsWith(`${path}/`)) sizes.delete(name);
    },
    makeFolder: diskFiles.makeFolder,
    list: diskFiles.list,
    syncFolder: (path) => counted(() => diskFiles.syncFolder(path)),
    free: async () => Math.max(0, capacity - used()),
  };
  return {
    files,
    resize(to) {
      capacity = to;
    },
    used,
    counts: () => ({ syncs, bytesWritten, bytesRead }),
  };
}
