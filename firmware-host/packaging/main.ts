/** npm run package [-- --into FOLDER] [x64|arm64]: the agent's bundles (tar.gz) and Debian packages, into dist/. */
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { type Arch, agentVersion, archs, makeBundle } from './bundle.ts';
import { makeDeb } from './deb.ts';

const { positionals: wanted, values } = parseArgs({
  allowPositionals: true,
  options: { into: { type: 'string', default: join(dirname(import.meta.dirname), 'dist') } },
});
const unknown = wanted.filter((arg) => !archs.some((arch) => arch === arg));
if (unknown.length > 0) {
  console.error(`Usage: npm run package [-- --into FOLDER] [${archs.join(' | ')}]`);
  process.exit(2);
}
const dist = resolve(values.into);
mkdirSync(dist, { recursive: true });
for (const arch of (wanted.length > 0 ? wanted : archs) as Arch[]) {
  const name = `siaga-agent-${agentVersion()}-linux-${arch}`;
  await makeBundle(join(dist, name), arch);
  await promisify(execFile)('tar', ['-C', dist, '-czf', join(dist, `${name}.tar.gz`), name]);
  console.log(join(dist, `${name}.tar.gz`));
  console.log(await makeDeb(join(dist, name), arch, dist));
}
