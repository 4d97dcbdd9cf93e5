// npm run build: the web console, through the task cache.
import { run } from './runtime.mjs';

process.exit(await run('turbo', ['run', 'build', '--output-logs=errors-only']));
