import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LedgerEntry, openLedger, readLedger } from './ledger.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'siaga-ledger-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function entry(burst: number | null): LedgerEntry {
  return {
    station: 'depok',
    gauge: 'main',
    atMs: 1000,
    realMs: 2000.25,
    burst,
    distanceMm: 3100,
    frames: 7,
    fault: 'none',
  };
}

test('what was added is read back, in order, over several openings', async () => {
  const file = join(folder, 'deep', 'ledger.jsonl');
  const first = await openLedger(file);
  first.add(entry(1));
  await first.flush();
  expect(await readLedger(file)).toEqual([entry(1)]);
  first.add({ ...entry(null), hex: '52' });
  await first.close();
  const second = await openLedger(file);
  second.add(entry(3));
  await second.close();
  expect(await readLedger(file)).toEqual([entry(1), { ...entry(null), hex: '52' }, entry(3)]);
});

test('a torn last line is left out; a bad line elsewhere is named', async () => {
  const file = join(folder, 'ledger.jsonl');
  const ledger = await openLedger(file);
  ledger.add(entry(1));
  await ledger.close();
  appendFileSync(file, '{"station":"dep');
  expect(await readLedger(file)).toEqual([entry(1)]);
  appendFileSync(file, '\n{}\n');
  await expect(readLedger(file)).rejects.toThrow('ledger.jsonl:2: not JSON');
});
