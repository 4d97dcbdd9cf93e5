import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createPki, type Pki } from '../testing/broker.ts';
import { bundleName, fetchUpdate } from './fetch-update.ts';

let pki: Pki;
let server: Server;
let folder: string;
const files = new Map<string, Buffer>();
let from: string;

beforeAll(async () => {
  pki = await createPki();
  folder = mkdtempSync(join(tmpdir(), 'siaga-update-'));
  writeFileSync(join(folder, 'ca.crt'), pki.ca);
  server = createServer({ cert: pki.server.cert, key: pki.server.key }, (request, response) => {
    const body = files.get(request.url ?? '');
    response.writeHead(body ? 200 : 404).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  from = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  files.clear();
  rmSync(join(folder, 'versions'), { recursive: true, force: true });
});

/** A bundle with the real Node and a main that says what a release would. */
function serve(version: string, main: string): string {
  const tree = join(folder, bundleName(version));
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(join(tree, 'bin'), { recursive: true });
  mkdirSync(join(tree, 'app'));
  symlinkSync(process.execPath, join(tree, 'bin', 'node'));
  writeFileSync(join(tree, 'app', 'main.mjs'), main);
  const archive = join(folder, `${bundleName(version)}.tar.gz`);
  execFileSync('tar', ['-C', folder, '-czf', archive, bundleName(version)]);
  const bytes = readFileSync(archive);
  files.set(`/${bundleName(version)}.tar.gz`, bytes);
  return createHash('sha256').update(bytes).digest('hex');
}

const saying = (version: string, checkCode = 0) =>
  `const [what] = process.argv.slice(2);
   if (what === '--version') console.log(${JSON.stringify(version)});
   else if (what === 'config') process.exit(${checkCode});`;

const fetchIt = (
  version: string,
  sha256: string,
  over: { ca?: string | undefined; freeBytes?: () => Promise<number> } = {},
) =>
  fetchUpdate({
    version,
    sha256,
    from,
    ca: join(folder, 'ca.crt'),
    folder: join(folder, 'versions'),
    configPath: join(folder, 'agent.yaml'),
    ...over,
  });

describe('an update is fetched', () => {
  it('whole, tried out, and put into its own folder', async () => {
    const sha256 = serve('1.1.0', saying('1.1.0'));
    await fetchIt('1.1.0', sha256);
    expect(readdirSync(join(folder, 'versions'))).toEqual(['1.1.0']);
    expect(existsSync(join(folder, 'versions/1.1.0/app/main.mjs'))).toBe(true);
  });

  it.each([
    ['with another hash', () => serve('1.1.0', saying('1.1.0')).replace(/./g, '0'), /SHA-256/],
    ['that calls itself otherwise', () => serve('1.1.0', saying('1.0.9')), /calls itself 1\.0\.9/],
    ['that does not start', () => serve('1.1.0', 'process.exit(3)'), /does not start here/],
    ["that cannot read this station's settings", () => serve('1.1.0', saying('1.1.0', 2)), /settings: it ends with 2/],
    [
      'that says what is wrong with the settings',
      () =>
        serve(
          '1.1.0',
          `${saying('1.1.0')} if (what === 'config') { console.error('data: is missing'); process.exit(2); }`.replace(
            'process.exit(0)',
            '0',
          ),
        ),
      /settings: data: is missing$/,
    ],
    ['that throws', () => serve('1.1.0', 'throw new TypeError("no tty")'), /does not start here: TypeError: no tty$/],
    ['that is not there', () => '0'.repeat(64), /status 404/],
  ] as const)('not: one %s', async (_, prepare, reason) => {
    const sha256 = prepare();
    await expect(fetchIt('1.1.0', sha256)).rejects.toMatchObject({
      code: 'update-failed',
      message: expect.stringMatching(reason),
    });
    expect(readdirSync(join(folder, 'versions'))).toEqual([]);
  });

  it('though the new one warns of a variable that sets nothing', async () => {
    const warning = `if (process.argv[2] === '--version') console.log('1.1.0');
      else { console.log('/etc/agent.yaml: sound'); process.exit(1); }`;
    await fetchIt('1.1.0', serve('1.1.0', warning));
    expect(readdirSync(join(folder, 'versions'))).toEqual(['1.1.0']);
  });

  it('not onto a disk that would have no room left for readings', async () => {
    const sha256 = serve('1.1.0', saying('1.1.0'));
    await expect(fetchIt('1.1.0', sha256, { freeBytes: async () => 300 << 20 })).rejects.toMatchObject({
      code: 'update-failed',
      message: expect.stringMatching(/300 MB free.*make room/),
    });
    expect(readdirSync(join(folder, 'versions'))).toEqual([]);
  });

  it('not from a server whose certificate nobody vouches for', async () => {
    const sha256 = serve('1.1.0', saying('1.1.0'));
    await expect(fetchIt('1.1.0', sha256, { ca: undefined })).rejects.toMatchObject({ code: 'update-failed' });
  });
});
