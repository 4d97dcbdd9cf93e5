// Size gates: what a browser must load before it shows anything, and the basemap that needs no internet.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root } from './runtime.mjs';

const gates = [
  {
    what: 'basemap coastline, bytes',
    limit: 40 * 1024,
    measure: () => statSync(join(root, 'web/src/map/basemap/coastline.geojson')).size,
  },
  {
    what: 'console script before the first picture, gzipped bytes',
    limit: 150 * 1024,
    measure: () => gzippedSize(initialScripts(join(root, 'web/dist'))),
  },
  {
    what: 'all console scripts, gzipped bytes',
    limit: 240 * 1024,
    measure: () => gzippedSize(allScripts(join(root, 'web/dist'))),
  },
];

function allScripts(folder) {
  if (!existsSync(join(folder, 'assets'))) return undefined;
  const names = readdirSync(join(folder, 'assets'));
  return names.filter((name) => name.endsWith('.js')).map((name) => join(folder, 'assets', name));
}

/** The entry and what it imports statically, over and over: fetched before anything is painted. */
function initialScripts(folder) {
  if (!existsSync(join(folder, 'index.html'))) return undefined;
  const page = readFileSync(join(folder, 'index.html'), 'utf8');
  const found = new Set(
    [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map(([, path]) => join(folder, path)),
  );
  for (const file of found) {
    const imports = readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*["'](\.\/[^"']+\.js)["']/g);
    for (const [, path] of imports) found.add(join(dirname(file), path));
  }
  return [...found];
}

function gzippedSize(files) {
  return files?.reduce((sum, file) => sum + gzipSync(readFileSync(file)).length, 0);
}

for (const { what, limit, measure } of gates) {
  const size = measure();
  if (size === undefined) console.log(`${what}: not built yet (npm run build)`);
  else console.log(`${what}: ${size} of ${limit}`);
  if (size > limit || (size === undefined && process.env.CI)) process.exitCode = 1;
}
