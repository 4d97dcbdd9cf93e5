// npm test: sets up what is missing, then the checks and every test that this machine can run. Ends with one line
// that counts. In CI a skipped test is a failed one, but for the real records that only some machines have.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureInstalled, run } from './runtime.mjs';

const mayBeAbsent = /^records absent/;

ensureInstalled();
const { check, steps } = await import('./check.mjs');
const built = await run('turbo', ['run', 'build', '--output-logs=errors-only']);
const failedChecks = await check();
if (built !== 0) failedChecks.push('build');
const report = await runVitest(process.argv.slice(2));

for (const { name, why } of report.skipped) console.log(`skipped: ${name} — ${why}`);
const forbidden = process.env.CI ? report.skipped.filter(({ why }) => !mayBeAbsent.test(why)) : [];
for (const { name } of forbidden) console.log(`failed, since nothing may be skipped here: ${name}`);
for (const name of failedChecks) console.log(`failed check: ${name}`);

const failed = report.failed + failedChecks.length + forbidden.length;
const passed = report.passed + steps.length + 1 - failedChecks.length;
const skipped = report.skipped.length - forbidden.length;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(failed > 0 ? 1 : 0);

async function runVitest(args) {
  const folder = mkdtempSync(join(tmpdir(), 'siaga-test-'));
  try {
    const file = join(folder, 'report.json');
    process.env.SIAGA_TEST_REPORT = file;
    const code = await run('vitest', ['run', '--reporter=default', '--reporter=./scripts/test-report.ts', ...args]);
    const report = JSON.parse(readFileSync(file, 'utf8'));
    // Vitest's own word counts too: a run that fails without a failed test must not pass here.
    if (code !== 0 && report.failed === 0) report.failed = 1;
    return report;
  } catch (error) {
    console.error(`The test run left no report: ${error.message}`);
    return { passed: 0, failed: 1, skipped: [] };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
