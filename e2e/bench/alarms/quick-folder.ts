import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../harness/folders.ts';

const inMemory = '/dev/shm';

/**
 * A new folder in memory where the system has such a place: these benches are about decisions, hundreds of thousands of
 * commits of them, and not about the disk. Else under the temporary one.
 */
export function quickFolder(name: string): { path: string; remove: () => void } {
  try {
    accessSync(inMemory, constants.W_OK);
  } catch {
    return temporaryFolder(name);
  }
  const path = mkdtempSync(join(inMemory, `siaga-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
