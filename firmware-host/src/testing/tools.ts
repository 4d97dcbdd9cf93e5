import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Why a test that needs a program cannot run here, or undefined when it can; goes to `ctx.skip(condition, note)`. */
export function lacksTool(tool: string, debianPackage: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const found = folders.some((folder) => existsSync(join(folder, tool)));
  return found ? undefined : `needs ${tool} (Debian package ${debianPackage})`;
}
