/** Makes the Debian package of a bundle. Needs `dpkg-deb`, which Debian and its like have. */
import { execFile } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Arch, agentVersion } from './bundle.ts';

const run = promisify(execFile);
const workspace = dirname(import.meta.dirname);
const files = join(import.meta.dirname, 'files');
/** What a technician may have to read where there is no signal. */
const pages = ['field-guide.md', 'sensors.md', 'agent-config.md', 'certificates.md', 'fleet.md', 'agent-update.md'];
const debianArch = { x64: 'amd64', arm64: 'arm64' } as const;

/** Builds the package of the bundle in `bundle` into `folder`; gives its path. */
export async function makeDeb(bundle: string, arch: Arch, folder: string, version = agentVersion()): Promise<string> {
  const tree = join(folder, `tree-${arch}`);
  rmSync(tree, { recursive: true, force: true });
  const put = (from: string, to: string, mode = 0o644) => {
    mkdirSync(join(tree, dirname(to)), { recursive: true, mode: 0o755 });
    cpSync(from, join(tree, to), { recursive: true });
    if (!statSync(from).isDirectory()) chmodSync(join(tree, to), mode);
  };
  put(bundle, 'usr/lib/siaga-agent');
  put(join(files, 'siaga-agent'), 'usr/bin/siaga-agent', 0o755);
  put(join(files, 'siaga-agent.service'), 'lib/systemd/system/siaga-agent.service');
  const settings = join('etc', 'siaga-agent', 'siaga-agent.yaml');
  put(join(workspace, 'siaga-agent.example.yaml'), settings);
  writeFileSync(join(tree, settings), settingsOf(readFileSync(join(workspace, 'siaga-agent.example.yaml'), 'utf8')));
  put(join(workspace, 'siaga-agent.example.yaml'), 'usr/share/doc/siaga-agent/siaga-agent.example.yaml');
  for (const page of pages) put(join(dirname(workspace), 'docs', page), join('usr/share/doc/siaga-agent', page));
  put(join(bundle, 'THIRD-PARTY.txt'), 'usr/share/doc/siaga-agent/copyright');
  const control = join(tree, 'DEBIAN');
  mkdirSync(control);
  for (const script of readdirSync(join(files, 'debian')))
    put(join(files, 'debian', script), join('DEBIAN', script), 0o755);
  writeFileSync(join(control, 'conffiles'), '/etc/siaga-agent/siaga-agent.yaml\n');
  writeFileSync(join(control, 'control'), controlText(version, arch, kibOf(tree)));
  openToAll(tree);
  const deb = join(folder, `siaga-agent_${version}_${debianArch[arch]}.deb`);
  await run('dpkg-deb', ['--root-owner-group', '-Zxz', '-z1', '--build', tree, deb]);
  rmSync(tree, { recursive: true });
  return deb;
}

/** The example with the package's own folders: what the unit lets the agent write, and where provisioning puts keys. */
function settingsOf(example: string): string {
  const state = '/var/lib/siaga-agent';
  const own: readonly (readonly [RegExp, string])[] = [
    [/^data: .*$/m, `data: ${state}`],
    [/^( +)ca: credentials\//m, `$1ca: ${state}/credentials/`],
    [/^( +)cert: credentials\//m, `$1cert: ${state}/credentials/`],
    [/^( +)key: credentials\//m, `$1key: ${state}/credentials/`],
  ];
  return own.reduce((text, [pattern, line]) => {
    if (!pattern.test(text)) throw new Error(`siaga-agent.example.yaml has no line ${pattern}`);
    return text.replace(pattern, line);
  }, example);
}

/** Whatever mask it was built under: what is installed must be readable for the agent's user. */
function openToAll(tree: string): void {
  chmodSync(tree, 0o755);
  for (const entry of readdirSync(tree, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    chmodSync(path, entry.isDirectory() || statSync(path).mode & 0o100 ? 0o755 : 0o644);
  }
}

function controlText(version: string, arch: Arch, installedKib: number): string {
  return [
    'Package: siaga-agent',
    `Version: ${version}`,
    `Architecture: ${debianArch[arch]}`,
    'Maintainer: The Siaga developers <siaga@localhost>',
    `Installed-Size: ${installedKib}`,
    'Depends: libc6 (>= 2.28), libstdc++6, passwd, systemd',
    'Section: misc',
    'Priority: optional',
    'Description: field agent of the Siaga flood-monitoring platform',
    ' Reads the distance to the water from a gauge on a serial line, keeps every',
    ' reading on the disk, and sends it to the platform when there is a link.',
    '',
  ].join('\n');
}

function kibOf(folder: string): number {
  const bytes = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
  return Math.ceil(bytes / 1024);
}
