// npm start: sets up what is missing, then runs the platform with the simulator until Ctrl-C.
import { ensureInstalled, findNode24, run } from './runtime.mjs';

ensureInstalled();
const built = await run('turbo', ['run', 'build', '--output-logs=errors-only', '--log-order=grouped'], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
if (built !== 0) process.exit(built);
process.exit(await run(findNode24(), ['scripts/up.ts', ...process.argv.slice(2)]));
