// Size gates: what a browser must load before it shows anything, and the basemap that needs no internet.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root } from './runtime.mjs';

const gates = [
  {
    what: 'basemap coastline, bytes',
    limit: 40 * 1024,
    measure: () => statSync(join(root, 'web/src/map/basemap/coastline.geojson')).size,
  },
  {
    what: 'console script, gzipped bytes',
    limit: 120 * 1024,
    measure: () => gzippedScripts(join(root, 'web/dist/assets')),
  },
];

function gzippedScripts(folder) {
  if (!existsSync(folder)) return undefined;
  const scripts = readdirSync(folder).filter((file) => file.endsWith('.js'));
  return scripts.reduce((sum, file) => sum + gzipSync(readFileSync(join(folder, file))).length, 0);
}

for (const { what, limit, measure } of gates) {
  const size = measure();
  if (size === undefined) console.log(`${what}: not built yet (npm run build)`);
  else console.log(`${what}: ${size} of ${limit}`);
  if (size > limit || (size === undefined && process.env.CI)) process.exitCode = 1;
}
