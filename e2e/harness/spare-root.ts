import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Ran = { readonly code: number | null; readonly out: string };

/** A copy-on-write copy of this machine's own system: what is installed there is gone with it. */
export type SpareRoot = {
  readonly path: string;
  run(command: string, ...args: string[]): Ran;
  close(): void;
};

/** Why there can be none here, or undefined: it takes root and a kernel with overlayfs. */
export function lacksSpareRoot(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root, to mount a copy of the system';
  try {
    openSpareRoot().close();
    return undefined;
  } catch (error) {
    return `needs to mount a copy of the system: ${error instanceof Error ? error.message : error}`;
  }
}

export function openSpareRoot(): SpareRoot {
  const base = mkdtempSync(join(tmpdir(), 'siaga-root-'));
  const mounted: string[] = [];
  const mount = (...args: string[]): void => {
    execFileSync('mount', args, { stdio: 'pipe' });
    mounted.push(args.at(-1) as string);
  };
  const close = (): void => {
    for (const path of mounted.splice(0).reverse()) execFileSync('umount', ['-l', path]);
    rmSync(base, { recursive: true, force: true });
  };
  try {
    mount('-t', 'tmpfs', 'tmpfs', base);
    const [upper, work, path] = ['upper', 'work', 'root'].map((name) => join(base, name)) as [string, string, string];
    for (const folder of [upper, work, path]) mkdirSync(folder);
    mount('-t', 'overlay', 'overlay', '-o', `lowerdir=/,upperdir=${upper},workdir=${work}`, path);
    mount('-t', 'proc', 'proc', join(path, 'proc'));
    mount('--rbind', '/dev', join(path, 'dev'));
    return {
      path,
      run(command, ...args) {
        const { status, stdout, stderr } = spawnSync('chroot', [path, command, ...args], {
          encoding: 'utf8',
          env: {
            PATH: '/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin',
            DEBIAN_FRONTEND: 'noninteractive',
            LC_ALL: 'C',
          },
        });
        return { code: status, out: `${stdout}${stderr}` };
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}
