// svelte-check has been seen to report nothing at all on a new TypeScript. This proves that it still finds errors:
// a component with one deliberate fault must be refused, with that fault and no other.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, toolEnvironment } from './runtime.mjs';

const folder = mkdtempSync(join(root, 'web', 'canary-'));
try {
  writeFileSync(
    join(folder, 'Canary.svelte'),
    '<script lang="ts">\n  const stageMm: number = "deep";\n</script>\n<p>{stageMm.nonsense}</p>\n',
  );
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: '../tsconfig.json', include: ['./*.svelte'], exclude: [] }),
  );
  const args = ['--workspace', folder, '--tsconfig', 'tsconfig.json', '--output', 'machine'];
  const { status, stdout } = spawnSync('svelte-check', args, { env: toolEnvironment(), encoding: 'utf8' });
  const found = [/ERROR .*Canary\.svelte.*2:9.*not assignable to type 'number'/, /ERROR .*Canary\.svelte.*nonsense/];
  const missed = found.filter((pattern) => !pattern.test(stdout));
  if (status === 0 || missed.length > 0) {
    console.error(`svelte-check missed a deliberate error (exit ${status}):\n${stdout}`);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}
