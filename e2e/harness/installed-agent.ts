import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './folders.ts';

const dist = join(root, 'firmware-host', 'dist');

/** Makes the agent's Debian package for this machine; gives its path. */
export function makePackage(): string {
  const printed = execFileSync(
    process.execPath,
    [join(root, 'firmware-host', 'packaging', 'main.ts'), process.arch === 'arm64' ? 'arm64' : 'x64'],
    { cwd: root, encoding: 'utf8' },
  );
  const deb = printed.split('\n').find((line) => line.endsWith('.deb'));
  if (deb?.startsWith(dist) !== true) throw new Error(`no package was made: ${printed}`);
  return deb;
}

/** Unpacks a package into `folder`, without touching the system; gives the path of a launcher that works there. */
export function unpackPackage(deb: string, folder: string): string {
  execFileSync('dpkg-deb', ['-x', deb, folder]);
  const launcher = join(folder, 'usr/bin/siaga-agent');
  const text = readFileSync(launcher, 'utf8').replaceAll('=/usr/lib/', `=${folder}/usr/lib/`);
  writeFileSync(launcher, text, { mode: 0o755 });
  return launcher;
}
