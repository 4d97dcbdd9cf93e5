import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openQcMemory } from './memory.ts';
import { qcUnknown } from './qc/fold.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'siaga-memory-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const state = (heldMs: number) => ({
  trusted: { atMs: 1, distanceMm: 2000 },
  doubted: null,
  flat: { rawMm: 2000, spreadMm: 0, atMs: 1, heldMs },
});
function open(path: string, nowMs = () => 0) {
  const warnings: string[] = [];
  return { memory: openQcMemory(path, { warn: (text) => warnings.push(text), nowMs }), warnings };
}

it('keeps what the tests knew over a restart, writing seldom', () => {
  const path = join(folder, 'qc', 'main.json');
  let nowMs = 0;
  const { memory, warnings } = open(path, () => nowMs);
  expect(memory.load()).toEqual(qcUnknown);
  memory.save(state(1));
  nowMs = 599_000;
  memory.save(state(2));
  expect(existsSync(path)).toBe(false);
  nowMs = 600_000;
  memory.save(state(3));
  expect(open(path).memory.load()).toEqual(state(3));
  memory.save(state(4));
  memory.close();
  expect(open(path).memory.load()).toEqual(state(4));
  expect(warnings).toEqual([]);
});
it('begins anew and says so where the file is torn or of another kind', async () => {
  const path = join(folder, 'torn.json');
  for (const text of ['{"trusted":', '{"trusted":null,"doubted":null,"flat":{"rawMm":1}}', '']) {
    await writeFile(path, text);
    const { memory, warnings } = open(path);
    expect(memory.load()).toEqual(qcUnknown);
    expect(warnings).toHaveLength(1);
  }
});
it('measures on where nothing can be written, and warns once', async () => {
  const path = join(folder, 'taken', 'main.json');
  await mkdir(`${path}.new`, { recursive: true });
  let nowMs = 0;
  const { memory, warnings } = open(path, () => nowMs);
  for (let i = 1; i < 4; i++) {
    nowMs = i * 600_000;
    memory.save(state(i));
  }
  expect(warnings).toHaveLength(1);
});
