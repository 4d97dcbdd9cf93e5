import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { crc32c } from './crc32c.ts';
import { fill, newFolders, openSmall } from './workbench.ts';

const newFolder = newFolders('outbox-upgrade');

/** A record as version 1 wrote it: the whole head in each row, the monotonic stamp only in later ones. */
function oldRecord(seq: number, monoMs: number | null): Buffer {
  const row = [
    'main',
    '0dd11acb-71ee-4618-b6db-bcd764efe39f',
    60,
    1,
    1_391_040_000_000,
    2_345,
    0,
    2,
    100,
    null,
    1,
    0,
    0,
  ];
  const payload = Buffer.from(JSON.stringify(monoMs === null ? row : [...row, monoMs]));
  const record = Buffer.alloc(16 + payload.length);
  record.writeUInt32LE(payload.length, 0);
  record.writeBigUInt64LE(BigInt(seq), 8);
  payload.copy(record, 16);
  record.writeUInt32LE(crc32c(record.subarray(8)), 4);
  return record;
}

it('an outbox of version 1 is read on, added to, and kept through the next starts', async () => {
  const folder = newFolder();
  const stream = 'abcdefghijklmnop';
  mkdirSync(join(folder, stream), { recursive: true });
  writeFileSync(join(folder, 'stream'), `{"stream":"${stream}"}\n`);
  const cursor = { lastSeq: 2, settled: [[1, 1]], lost: [], storeId: 's', doubtFrom: 2 };
  writeFileSync(join(folder, stream, 'cursor.json'), `${JSON.stringify(cursor)}\n`);
  const records = [oldRecord(1, null), oldRecord(2, null), oldRecord(3, 77.5)];
  writeFileSync(join(folder, stream, '0000000000000001.seg'), Buffer.concat(records));
  const outbox = await openSmall(folder, { segmentBytes: 600 });
  expect(outbox.storeId()).toBe('s');
  expect(outbox.state()).toMatchObject({ stream, lastSeq: 3, unsettled: [[2, 3]], lost: [], doubt: { fromSeq: 2 } });
  await fill(outbox, 20);
  await outbox.close();
  const again = await openSmall(folder, { segmentBytes: 600 });
  const leased = await again.lease([[1, 99]], 99);
  expect(leased.map(({ reading }) => reading.seq)).toEqual(Array.from({ length: 23 }, (_, i) => i + 1));
  expect(leased.slice(0, 3).map(({ monoMs, maintenance, boot }) => [monoMs, maintenance, boot.length])).toEqual([
    [null, true, 36],
    [null, true, 36],
    [77.5, true, 36],
  ]);
  await again.close();
});
