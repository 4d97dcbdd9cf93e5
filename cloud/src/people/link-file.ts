import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Where the first account's link waits to be read: a file that only its owner can read, not the log. It is there as
 * long as the link is.
 */
export function setupLinkFile(dataDir: string) {
  const path = join(dataDir, 'setup-link');
  const remove = () => rmSync(path, { force: true });
  return {
    path,
    remove,
    write(link: string): void {
      // An old file may have other rights: it is made anew.
      remove();
      writeFileSync(path, `${link}\n`, { mode: 0o600, flag: 'wx' });
    },
  };
}
