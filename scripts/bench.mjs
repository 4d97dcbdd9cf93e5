// npm run bench -- [suite] [--json]: builds the console that a browser is to paint, then measures. Only the table, or
// the one JSON object, goes to standard output.
import { ensureInstalled, findNode24, run } from './runtime.mjs';

ensureInstalled();
const built = await run('turbo', ['run', 'build', '--output-logs=errors-only'], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
if (built !== 0) process.exit(built);
process.exit(await run(findNode24(), ['e2e/bench/main.ts', ...process.argv.slice(2)]));
