// npm run check: format, lint, types, import rules, dead code, size gates. Every step runs; all faults are shown.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { root, toolEnvironment } from './runtime.mjs';

const sources = ['protocol/src', 'firmware-host/src', 'cloud/src', 'simulator/src', 'web/src', 'e2e', 'scripts'];

/** The steps, in the order shown. Adding a check is adding a line. */
export const steps = [
  ['format and lint', 'biome', ['ci', '--error-on-warnings', '.']],
  ['types', 'tsc', ['-p', '.']],
  [
    'component types',
    'svelte-check',
    ['--workspace', 'web', '--tsconfig', 'tsconfig.json', '--fail-on-warnings', '--output', 'human'],
  ],
  ['component types still find errors', 'node', ['scripts/svelte-canary.mjs']],
  ['import rules', 'depcruise', ['--config', '.dependency-cruiser.mjs', '--output-type', 'err', ...sources]],
  ['import rules still find breaches', 'node', ['scripts/import-canary.mjs']],
  ['dead code', 'knip', ['--no-progress']],
  ['sizes', 'node', ['scripts/sizes.mjs']],
];

/** Runs one step; resolves with what it printed and whether it passed. */
function runStep([name, command, args]) {
  return new Promise((resolve) => {
    const startedAtMs = performance.now();
    const child = spawn(command, args, { cwd: root, env: { ...toolEnvironment(), NO_COLOR: '1' } });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => resolve({ name, passed: false, output: error.message, seconds: 0 }));
    child.on('close', (code) =>
      resolve({ name, passed: code === 0, output, seconds: (performance.now() - startedAtMs) / 1000 }),
    );
  });
}

/** Runs all steps one after the other; resolves with the names of the failed ones. */
export async function check() {
  const failed = [];
  for (const step of steps) {
    const { name, passed, output, seconds } = await runStep(step);
    console.log(`${passed ? '✓' : '✗'} ${name} (${seconds.toFixed(1)} s)`);
    if (passed) continue;
    failed.push(name);
    console.log(output.trimEnd());
  }
  return failed;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exit((await check()).length > 0 ? 1 : 0);
