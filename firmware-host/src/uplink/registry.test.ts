import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { UplinkConfig } from './config.ts';
import { uplinks } from './index.ts';

it('every kind of uplink has its file, its settings and its line', () => {
  const kinds = UplinkConfig.anyOf.map(({ properties }) => properties.kind.const);
  expect(kinds).toEqual(Object.keys(uplinks));
  const files = readdirSync(new URL('.', import.meta.url));
  for (const kind of kinds) expect(files).toContain(`${kind}.ts`);
});
