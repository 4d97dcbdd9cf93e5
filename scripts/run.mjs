// node scripts/run.mjs SCRIPT [ARGS…]: runs one of the project's scripts on Node 24, installing first if need be.
import { ensureInstalled, findNode24, run } from './runtime.mjs';

const [script, ...args] = process.argv.slice(2);
ensureInstalled();
process.exit(await run(findNode24(), [script, ...args]));
