import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './folders.ts';

/** Where Debian and most distributions put Chromium. */
const chromiumPaths = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export function findChromium(): string | undefined {
  return chromiumPaths.find((path) => existsSync(path));
}

/** Real river records for tests, beside the checkout on some machines only; never part of the project. */
export function recordPath(file: string): string {
  return join(root, '..', 'shared', 'data', 'gauges', file);
}

/** Why a test cannot run here, or undefined when it can; goes to `ctx.skip(condition, note)`. */
export const lacks = {
  chromium: () => (findChromium() ? undefined : 'needs Chromium (Debian package chromium)'),
  record: (file: string) =>
    existsSync(recordPath(file)) ? undefined : `records absent: ../shared/data/gauges/${file}`,
};
