import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './folders.ts';

/** Makes the agent's Debian package for this machine, and its bundle beside it, in `folder`; gives the package's path. */
export function makePackage(folder: string): string {
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
  const script = join(root, 'firmware-host', 'packaging', 'main.ts');
  const printed = execFileSync(process.execPath, [script, '--into', folder, arch], { cwd: root, encoding: 'utf8' });
  const deb = printed.split('\n').find((line) => line.endsWith('.deb'));
  if (deb?.startsWith(folder) !== true) throw new Error(`no package was made: ${printed}`);
  return deb;
}

/**
 * Unpacks a package into `folder`, without touching the system; gives the path of a launcher that works there, and that
 * looks for updates in `var/lib/siaga-agent` there.
 */
export function unpackPackage(deb: string, folder: string): string {
  execFileSync('dpkg-deb', ['-x', deb, folder]);
  const launcher = join(folder, 'usr/bin/siaga-agent');
  const text = readFileSync(launcher, 'utf8').replaceAll(/=(\/(usr|var)\/lib\/)/g, `=${folder}$1`);
  writeFileSync(launcher, text, { mode: 0o755 });
  return launcher;
}
