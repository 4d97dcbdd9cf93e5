/** The kernel's small files. What is not there, or cannot be read, is null: no machine has all of them. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The trimmed text of a file, null where there is none. */
export async function textOf(...path: string[]): Promise<string | null> {
  return readFile(join(...path), 'utf8').then(
    (text) => text.trim(),
    () => null,
  );
}

/** The number that a file begins with. */
export async function numberOf(...path: string[]): Promise<number | null> {
  const value = Number.parseFloat((await textOf(...path)) ?? '');
  return Number.isFinite(value) ? value : null;
}

export async function namesIn(...path: string[]): Promise<string[]> {
  return readdir(join(...path)).then(
    (names) => names.sort(),
    () => [],
  );
}
