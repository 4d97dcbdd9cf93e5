import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { platformError, systemCode } from './errors.ts';

/** Makes `folder` where it is missing and proves that it can be written. Throws `folder-unwritable` with `mend`. */
export function makeWritable(folder: string, mend: string): void {
  try {
    make(folder);
    accessSync(folder, constants.W_OK);
  } catch (error) {
    const why = systemCode(error) ?? 'unknown';
    throw platformError('folder-unwritable', `The folder ${folder} cannot be written (${why}): ${mend}.`, error);
  }
}

/** One level at a time: Node's own recursive mkdir never returns where a system refuses with ENOENT (/proc). */
function make(folder: string): void {
  if (existsSync(folder)) return;
  make(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}
