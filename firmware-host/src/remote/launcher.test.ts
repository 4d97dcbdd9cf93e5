/** The launcher, which must start something whatever state the disk is in; run by the shell it runs under. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const launcher = readFileSync(join(import.meta.dirname, '../../packaging/files/siaga-agent'), 'utf8');
let folder: string;
let versions: string;
let script: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'siaga-launcher-'));
  chmodSync(folder, 0o755);
  versions = join(folder, 'versions');
  script = join(folder, 'launcher');
  writeFileSync(
    script,
    launcher
      .replace('/usr/lib/siaga-agent', join(folder, 'package'))
      .replace('/var/lib/siaga-agent/versions', versions),
  );
  put(join(folder, 'package'));
  mkdirSync(versions);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A version whose Node says where it lies. */
function put(home: string): void {
  mkdirSync(join(home, 'bin'), { recursive: true });
  writeFileSync(join(home, 'bin/node'), `#!/bin/sh\necho ${basename(home)}\n`, { mode: 0o755 });
}
function onTrial(version: string, starts: string | null): void {
  put(join(versions, version));
  symlinkSync(version, join(versions, 'current'));
  writeFileSync(join(versions, 'trial'), '{}');
  writeFileSync(join(versions, 'previous'), '');
  if (starts !== null) writeFileSync(join(versions, 'starts'), starts);
}
const asService = { NOTIFY_SOCKET: '/run/x' };
/** Somebody who is not root, as the service is. */
const nobody = process.getuid?.() === 0 ? 65_534 : process.getuid?.();
/** What is started, as the one who owns the versions. */
function started(env: Record<string, string> = asService, uid = nobody): string {
  if (process.getuid?.() === 0) execFileSync('chown', ['-Rh', '65534', versions]);
  const { stdout, stderr, status } = spawnSync('sh', [script, 'run'], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH ?? '', ...env },
    ...(uid === undefined ? {} : { uid }),
  });
  expect([status, stderr]).toEqual([0, '']);
  return stdout.trim();
}

describe('the launcher', () => {
  it('starts the version that an update has put in place, for the service alone', () => {
    expect(started()).toBe('package');
    put(join(versions, '1.1.0'));
    symlinkSync('1.1.0', join(versions, 'current'));
    expect(started()).toBe('1.1.0');
    expect(started({})).toBe('package');
  });

  it('gives a version on trial three starts, then takes the one before', () => {
    onTrial('1.1.0', '0\n');
    expect([started(), started(), started(), started()]).toEqual(['1.1.0', '1.1.0', '1.1.0', 'package']);
    expect(readdirSync(versions)).toContain('rolled-back');
    expect(existsSync(join(versions, 'trial'))).toBe(false);
  });

  it.each([
    ['nothing', ''],
    ['rubbish', 'a b'],
    ['a torn block', '\0\0\0\0'],
  ])('counts anew where the count holds %s after a power cut', (_, text) => {
    onTrial('1.1.0', text);
    expect([started(), started(), started(), started()]).toEqual(['1.1.0', '1.1.0', '1.1.0', 'package']);
  });

  it('takes back a version whose starts it cannot count: the disk may be full', () => {
    onTrial('1.1.0', null);
    // Nobody can write here, not even a full disk's owner.
    mkdirSync(join(versions, 'starts.new', 'x'), { recursive: true });
    expect(started()).toBe('package');
    expect(started()).toBe('package');
  });

  it('starts the package where nothing in the folder can be changed', () => {
    onTrial('1.1.0', '3\n');
    if (process.getuid?.() === 0) execFileSync('chown', ['0', versions]);
    const run = spawnSync('sh', [script, 'run'], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH ?? '', ...asService },
      ...(nobody === undefined ? {} : { uid: nobody }),
    });
    expect([run.status, run.stdout.trim()]).toEqual([0, 'package']);
  });

  it('never lets root run what the agent has fetched', () => {
    put(join(versions, '1.1.0'));
    symlinkSync('1.1.0', join(versions, 'current'));
    // `id -u` says who runs it: here one that says it is root.
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin/id'), '#!/bin/sh\necho 0\n', { mode: 0o755 });
    expect(started({ ...asService, PATH: `${join(folder, 'bin')}:${process.env.PATH}` })).toBe('package');
  });
});
