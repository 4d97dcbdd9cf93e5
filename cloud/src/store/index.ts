/**
 * Stores, chosen by address: `openStore('sqlite:/var/lib/siaga/siaga.db')`, or `memory:` for tests and trials.
 * `Stores` holds readings, judging, changes, quarantine and fleet; `close()` ends them all. One process opens
 * a store: when another does, the first one's appends are refused with `lease-lost`.
 */
import { platformError } from '../errors.ts';
import { openMemory } from './memory/index.ts';
import { openSqlite } from './sqlite/index.ts';
import type { Stores } from './stores.ts';

export { openMemory } from './memory/index.ts';
export type { Stores } from './stores.ts';

/** One line an adapter. */
const openers: Readonly<Record<string, (url: string) => Stores>> = {
  sqlite: openSqlite,
  memory: openMemory,
};

/** Opens the store at `url`. Throws `store-unusable` with what is wrong. */
export function openStore(url: string): Stores {
  const open = openers[url.slice(0, url.indexOf(':'))];
  if (open === undefined)
    throw platformError(
      'store-unusable',
      `The store ${url} has none of the known kinds: ${Object.keys(openers).join(', ')}.`,
    );
  return open(url);
}
