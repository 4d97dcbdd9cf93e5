import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sealed } from './audit-chain.ts';
import { verifyAudit } from './audit-verify.ts';
import type { AuditLine } from './ports.ts';
import { openSqlite, openSqliteBeside } from './store/sqlite/index.ts';
import { runSql } from './store/sqlite/testing-sql.ts';

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'siaga-audit-'));
  file = join(dir, 'siaga.db');
});
afterEach(() => rmSync(dir, { recursive: true }));

/** A record of `count` acts; line 4 has its details erased, which the last line says. */
async function written(count = 12, more = 0): Promise<void> {
  const stores = openSqlite(`sqlite:${file}`);
  for (let i = 1; i < count; i += 1)
    await stores.state.commit({
      nowMs: i * 1000,
      audit: [{ actor: 'ani', act: 'alarm.acknowledge', subject: `a${i}`, reason: `reason ${i}`, after: { i } }],
    });
  await stores.audit.erase([4], { actor: 'shell', reason: 'asked for', nowMs: count * 1000 });
  for (let i = 0; i < more; i += 1)
    await stores.state.commit({ nowMs: count * 1000, audit: [{ actor: 'budi', act: 'log.add', subject: 's' }] });
  await stores.close();
}

async function verdict(expected?: { no: number; hash: string }) {
  const { audit, close } = openSqliteBeside(`sqlite:${file}`, { readOnly: true });
  const all = await verifyAudit(audit, expected);
  close();
  return all;
}

/** Writes past the triggers, as who has the file can. */
async function tamper(sql: string): Promise<void> {
  runSql(file, `DROP TRIGGER audit_is_kept; DROP TRIGGER audit_stands; ${sql}`);
}

async function found(): Promise<[number, string][]> {
  return (await verdict()).faults.map(({ no, what }) => [no, what]);
}

test('an untouched chain has no fault, erased details or not; an empty one neither', async () => {
  await written();
  const { lines, erased, faults, head } = await verdict();
  expect({ lines, erased, faults, no: head.no }).toEqual({ lines: 12, erased: 1, faults: [], no: 12 });
  expect((await verdict(head)).faults).toEqual([]);
});

test.each(['actor', 'act', 'subject', 'digest', 'previous', 'hash'])(
  'an altered %s is found in its line',
  async (column) => {
    await written();
    await tamper(`UPDATE audit SET ${column} = replace(${column}, substr(${column}, 1, 1), 'z') WHERE no = 7`);
    expect(await found()).toEqual([[7, expect.stringContaining('altered')]]);
  },
);

test('a time that was moved is found', async () => {
  await written();
  await tamper('UPDATE audit SET at_ms = at_ms - 1 WHERE no = 3');
  expect(await found()).toEqual([[3, expect.stringContaining('altered')]]);
});

test('altered details are found, and details taken away without a word', async () => {
  await written();
  await tamper(`UPDATE audit SET details = replace(details, 'reason 5', 'reason x') WHERE no = 5;
    UPDATE audit SET details = NULL WHERE no = 6`);
  expect(await found()).toEqual([
    [5, expect.stringContaining('other details')],
    [6, expect.stringContaining('no line says that they were erased')],
  ]);
});

test('lines taken out are found, where they were and how many', async () => {
  await written();
  await tamper('DELETE FROM audit WHERE no IN (2, 6, 7, 8)');
  expect(await found()).toEqual([
    [2, 'is missing'],
    [6, 'to line 8 are missing: 3 lines'],
  ]);
});

test('a line taken out and the gap closed is found from there on', async () => {
  await written();
  await tamper('DELETE FROM audit WHERE no = 6; UPDATE audit SET no = no - 1 WHERE no > 6');
  const faults = await found();
  expect(faults.slice(0, 2)).toEqual([
    [6, expect.stringContaining('was line 7')],
    [7, expect.stringContaining('was line 8')],
  ]);
  expect(faults).toHaveLength(6);
});

test('two lines that changed places are both found', async () => {
  await written();
  await tamper(
    'UPDATE audit SET no = -1 WHERE no = 5; UPDATE audit SET no = 5 WHERE no = 9; UPDATE audit SET no = 9 WHERE no = -1',
  );
  expect(await found()).toEqual([
    [5, expect.stringContaining('was line 9')],
    [9, expect.stringContaining('was line 5')],
  ]);
});

test('a line put in is found: beside the chain, and between with all others moved', async () => {
  await written();
  const row = "VALUES (-3, 1, 'eve', 'x', 'y', 'd', 'p', 'h', NULL)";
  await tamper(`INSERT INTO audit ${row}`);
  expect((await found()).map(([no]) => no)).toContain(-3);
});

test('a line altered and sealed again breaks the chain at the next', async () => {
  await written();
  const { audit, close } = openSqliteBeside(`sqlite:${file}`, { readOnly: true });
  const [line] = (await audit.since(6, 1)) as [AuditLine];
  close();
  const forged = sealed({ actor: 'eve', act: line.act, subject: line.subject }, line);
  await tamper(`UPDATE audit SET actor = 'eve', digest = '${forged.digest}', hash = '${forged.hash}',
    details = '${forged.details}' WHERE no = 7`);
  expect(await found()).toEqual([[8, expect.stringContaining('does not follow line 7')]]);
});

test('lines cut off at the end, and a chain written anew, are found by a head that was noted', async () => {
  await written(12, 3);
  const { head } = await verdict();
  await tamper('DELETE FROM audit WHERE no > 12');
  expect((await verdict()).faults).toEqual([]);
  expect((await verdict(head)).faults).toEqual([{ no: 13, what: 'to line 15 are missing: 3 lines' }]);
  rmSync(file);
  rmSync(`${file}-wal`, { force: true });
  rmSync(`${file}-shm`, { force: true });
  await written(12, 3);
  expect((await verdict(head)).faults).toEqual([{ no: 15, what: expect.stringContaining('written anew') }]);
});
