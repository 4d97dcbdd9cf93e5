import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const program = fileURLToPath(new URL('./main.ts', import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'siaga-sim-'));
  writeFileSync(join(folder, 'bad.csv'), 'time_utc,stage_m\nnow,1\n');
  writeFileSync(join(folder, 'good.csv'), 'time_utc,stage_m\n2024-01-01T00:00:00Z,1\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [program, ...args], (error, stdout, stderr) =>
      done({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
}

const csv = (name: string) => join(folder, name);

test.each([
  ['no station', () => ['replay', csv('good.csv')], '--station'],
  ['no file', () => ['replay', csv('none.csv'), '--station', 'x1'], 'none.csv cannot be read'],
  ['a bad line', () => ['replay', csv('bad.csv'), '--station', 'x1'], 'bad.csv: line 2: time_utc "now"'],
  ['no station id', () => ['replay', csv('good.csv'), '--station', 'X'], '"X" is not a station id'],
  ['an unknown sensor', () => ['replay', csv('good.csv'), '--station', 'x1', '--sensor', 'eye'], '"eye" is none of'],
  ['a used folder', () => ['replay', csv('good.csv'), '--station', 'x1', '--data', folder], 'is not empty'],
  [
    'no certificates',
    () => ['demo', '--data', csv('d'), '--pki', csv('p'), '--mqtt', 'mqtts://x:1'],
    'siaga pki device',
  ],
  [
    'a wrong fault',
    () => ['demo', '--data', csv('d'), '--pki', csv('p'), '--mqtt', 'mqtts://x:1', '--fault', 'depok:rust=1'],
    '"rust" is not a fault',
  ],
])('%s: one clear sentence, exit code 2', async (_, args, sentence) => {
  const { code, stdout, stderr } = await run(...args());
  expect(stderr).toContain(sentence);
  expect(stderr).not.toContain('    at ');
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
});
