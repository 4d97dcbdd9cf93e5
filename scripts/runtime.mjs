// Finds what the commands need before any of our own TypeScript can run. Plain JavaScript: whatever Node
// the machine has (20 or later) must be able to read it.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const wantedMajor = 24;

/** Installs the packages of the lock file when they are missing or older than it. */
export function ensureInstalled() {
  const lock = join(root, 'package-lock.json');
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  console.log('Installing packages (once) …');
  // Not `npm ci`: it refuses a lock file that lacks the optional packages of other platforms, as one made against a
  // registry that serves only some of them does. `--no-save` keeps the lock file as it is all the same.
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = spawnSync('npm', args, { cwd: root, stdio: 'inherit' });
  if (npm.status !== 0) fail('npm install failed: see its message above. The npm registry must be reached once.');
}

/** Path of Node 24: the one from the lock file, or the running one if it is new enough. */
export function findNode24() {
  const packaged = join(root, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');
  if (process.platform === 'linux' && existsSync(packaged)) return packaged;
  if (Number(process.versions.node.split('.')[0]) >= wantedMajor) return process.execPath;
  return fail(
    `Siaga runs on Node ${wantedMajor}; this is ${process.version} on ${process.platform}-${process.arch}, for which npm has ` +
      `no packaged Node. Install Node ${wantedMajor} from nodejs.org and try again.`,
  );
}

/** Environment in which `node` and every local tool are the project's own. */
export function toolEnvironment() {
  const paths = [join(root, 'node_modules', '.bin'), join(findNode24(), '..'), process.env.PATH ?? ''];
  return { ...process.env, PATH: paths.join(delimiter), TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' };
}

/** Runs a tool or script to its end; resolves with its exit code. Signals reach it through the process group. */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', env: toolEnvironment(), ...options });
    const ignore = () => {};
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, ignore);
    const forward = () => child.kill('SIGTERM');
    process.on('SIGTERM', forward);
    // A signal to npm ends npm and its shell, not us: an orphan stops what it started.
    const parent = process.ppid;
    const orphanWatch = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(orphanWatch);
      forward();
    }, 500);
    orphanWatch.unref();
    child.on('error', (error) => fail(`${command} could not be started: ${error.message}`));
    child.on('exit', (code, signal) => {
      for (const name of ['SIGINT', 'SIGTERM']) process.off(name, ignore);
      process.off('SIGTERM', forward);
      clearInterval(orphanWatch);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 1));
    });
  });
}

export function fail(sentence) {
  console.error(sentence);
  process.exit(2);
}
