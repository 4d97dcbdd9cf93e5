import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { loadCatalogue } from './catalogue.ts';

const page = readFileSync(new URL('../../../docs/catalogue.md', import.meta.url), 'utf8');

it("the user's page shows a catalogue that loads", () => {
  const example = /```yaml\n([\s\S]+?)```/.exec(page)?.[1] ?? '';
  const loaded = loadCatalogue(example);
  expect(loaded).toMatchObject({ ok: true });
  expect(loaded.ok && loaded.catalogue.stations.map(({ id }) => id)).toEqual(['upper-bridge', 'lower-bridge']);
});
