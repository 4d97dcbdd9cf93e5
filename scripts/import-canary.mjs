// Proves that the import rules still find breaches: each line is a file that must be refused by the rule named.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root, toolEnvironment } from './runtime.mjs';

const breaches = [
  ['protocol/src/canary.ts', "import 'node:fs';", 'protocol-stands-alone'],
  ['firmware-host/src/canary.ts', "import '@siaga/cloud';", 'firmware-knows-protocol-only'],
  ['cloud/src/canary.ts', "import '@siaga/firmware-host';", 'cloud-knows-protocol-only'],
  ['cloud/src/domain/canary.ts', "import 'node:fs';", 'domain-is-pure'],
  ['cloud/src/ingest/canary.ts', "import '../store/index.ts';", 'use-cases-see-no-adapters'],
  ['cloud/src/api/canary.ts', "import '../store/index.ts';", 'api-sees-no-adapters'],
  ['cloud/src/api/canary-database.ts', "import 'node:sqlite';", 'node-sqlite-in-its-store'],
  ['simulator/src/canary.ts', "import '@siaga/cloud';", 'simulator-runs-agents-only'],
  ['web/src/panels/canary.ts', "import 'leaflet';", 'leaflet-behind-the-map'],
  ['web/src/canary.ts', "import '@siaga/cloud';", 'web-knows-protocol-only'],
  ['e2e/canary.ts', "import '../cloud/src/config.ts';", 'public-entries-only'],
];

const files = breaches.map(([file]) => join(root, file));
try {
  for (const [file, line] of breaches) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), `${line}\n`);
  }
  const args = ['--config', '.dependency-cruiser.mjs', '--output-type', 'json', ...breaches.map(([file]) => file)];
  const { stdout } = spawnSync('depcruise', args, {
    cwd: root,
    env: toolEnvironment(),
    encoding: 'utf8',
    maxBuffer: 1e8,
  });
  const found = JSON.parse(stdout).summary.violations.map(({ from, rule }) => `${from} ${rule.name}`);
  const missed = breaches.filter(([file, , rule]) => !found.includes(`${file} ${rule}`));
  for (const [file, line, rule] of missed) console.error(`${rule} no longer refuses ${line} in ${file}`);
  if (missed.length > 0) process.exitCode = 1;
} finally {
  for (const file of files) rmSync(file, { force: true });
}
