/**
 * Makes the agent's bundle for one kind of machine: one folder with Node, the agent in a few files, and only those
 * native parts that run there. Nothing in it is fetched when it runs.
 *
 *   bin/node                   Node itself
 *   app/main.mjs, app/*.mjs    the agent; what is seldom needed is loaded when it is
 *   prebuilds/linux-<arch>/    the serial binding
 *   crt/aws-crt-nodejs.node    AWS's client
 *   VERSION, THIRD-PARTY.txt   what it is, and the licences of what it contains
 */
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { nodeBinary } from './node-binary.ts';

export const archs = ['x64', 'arm64'] as const;
export type Arch = (typeof archs)[number];

const workspace = dirname(import.meta.dirname);
const require = createRequire(join(workspace, 'package.json'));

export function agentVersion(): string {
  return (JSON.parse(readFileSync(join(workspace, 'package.json'), 'utf8')) as { version: string }).version;
}

/** Makes the bundle anew in `folder`. Node for another kind of machine than this one is asked of the npm registry. */
export async function makeBundle(folder: string, arch: Arch): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'bin'), { recursive: true });
  const packages = await bundleScripts(join(folder, 'app'));
  copySerialBinding(folder, arch);
  mkdirSync(join(folder, 'crt'));
  cpSync(
    join(folderOf('aws-crt'), 'dist', 'bin', `linux-${arch}-glibc`, 'aws-crt-nodejs.node'),
    join(folder, 'crt', 'aws-crt-nodejs.node'),
  );
  cpSync(await nodeBinary(arch), join(folder, 'bin', 'node'));
  chmodSync(join(folder, 'bin', 'node'), 0o755);
  cpSync(join(dirname(workspace), 'LICENSE'), join(folder, 'LICENSE'));
  writeFileSync(join(folder, 'VERSION'), `${agentVersion()}\n`);
  writeFileSync(join(folder, 'THIRD-PARTY.txt'), thirdParty([...packages, `node-linux-${arch}`, 'aws-crt']));
}

/** Now, or the time that a reproducible build states (reproducible-builds.org, SOURCE_DATE_EPOCH). */
function builtAtMs(): number {
  const epochS = Number(process.env.SOURCE_DATE_EPOCH);
  return epochS > 0 ? epochS * 1_000 : Date.now();
}

/** Bundles the scripts; gives the packages that went in. */
async function bundleScripts(outdir: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: { main: join(workspace, 'src', 'main.ts') },
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    minify: true,
    keepNames: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    metafile: true,
    define: {
      SIAGA_AGENT_VERSION: JSON.stringify(agentVersion()),
      // No clock of a device that runs this can rightly stand before it.
      SIAGA_BUILT_AT_MS: String(builtAtMs()),
    },
    legalComments: 'none',
    logLevel: 'error',
    // Old-style packages inside ask for these; the native ones look for their parts beside `app/`.
    banner: {
      js: [
        "import{createRequire as __createRequire}from'node:module';",
        "import{fileURLToPath as __toPath}from'node:url';",
        'const require=__createRequire(import.meta.url);',
        'const __filename=__toPath(import.meta.url);',
        'const __dirname=import.meta.dirname;',
      ].join(''),
    },
  });
  const names = Object.keys(metafile.inputs).flatMap((path) => {
    const [, inside] = path.split(/.*node_modules\//);
    if (inside === undefined) return [];
    const [scope, name] = inside.split('/');
    return [scope?.startsWith('@') ? `${scope}/${name}` : (scope ?? '')];
  });
  return [...new Set(names)].filter((name) => !name.startsWith('@siaga/')).sort();
}

/** glibc alone: the bundle's Node is a glibc one. */
function copySerialBinding(folder: string, arch: Arch): void {
  const from = join(folderOf('@serialport/bindings-cpp'), 'prebuilds', `linux-${arch}`);
  const to = join(folder, 'prebuilds', `linux-${arch}`);
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) if (name.endsWith('.glibc.node')) cpSync(join(from, name), join(to, name));
}

/** Where a package lies, whether or not it lets its manifest be imported. */
function folderOf(name: string): string {
  for (const modules of require.resolve.paths(name) ?? []) {
    const folder = join(modules, name);
    if (existsSync(join(folder, 'package.json'))) return folder;
  }
  throw new Error(`${name} is not installed: run npm install`);
}

function thirdParty(packages: readonly string[]): string {
  const texts = packages.map((name) => {
    const folder = tryFolderOf(name);
    if (folder === null) return `${name}\n`;
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>;
    const licence = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
    const text = licence ? readFileSync(join(folder, licence), 'utf8') : `Licence: ${String(manifest.license)}`;
    return `${name} ${String(manifest.version)}\n\n${text}\n`;
  });
  return `What this bundle contains besides Siaga itself.\n\n${texts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

function tryFolderOf(name: string): string | null {
  try {
    return folderOf(name);
  } catch {
    return null;
  }
}
