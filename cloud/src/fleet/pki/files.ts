/** Small files that are either the old or the new, and facts that are written once. */
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '../../errors.ts';

/** Replaces a file by temp file, fsync, rename and fsync of its folder. */
export async function writeAtomically(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  const part = await writePart(path, content, mode);
  await rename(part, path);
  await syncFolder(dirname(path));
}

/** Writes a file that is not there yet, whole or not at all; false where it is there already. */
export async function writeOnce(path: string, content: string, mode: number): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true });
  const part = await writePart(path, content, mode);
  try {
    await link(part, path);
    await syncFolder(dirname(path));
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(part, { force: true });
  }
}

async function writePart(path: string, content: string | Uint8Array, mode: number): Promise<string> {
  const part = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.part`;
  const file = await open(part, 'wx', mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  return part;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export async function readIfThere(path: string): Promise<string | undefined> {
  return (await bytesIfThere(path))?.toString('utf8');
}

export async function bytesIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Names of the `.json` files in a folder, without that ending; none where the folder is not there. */
export async function factsIn(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names.flatMap((name) => (name.endsWith('.json') ? [name.slice(0, -'.json'.length)] : []));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}
