import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { countSeqs } from '@siaga/protocol';
import { describe, expect, it } from 'vitest';
import { aDraft } from '../testing/builders.ts';
import { smallVolume } from '../testing/small-volume.ts';
import { crc32c } from './crc32c.ts';
import { outboxContract } from './outbox.contract.ts';
import { fill, newFolders, openSmall, segmentsOf, settle } from './workbench.ts';

const newFolder = newFolders('outbox');

outboxContract('file', () => openSmall(newFolder()));

it('CRC-32C of the vectors of RFC 3720', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
  expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
});

describe('a folder over restarts', () => {
  it('goes on where it was: stream, numbers, settlements', async () => {
    const folder = newFolder();
    const first = await openSmall(folder);
    await fill(first, 30);
    await settle(first, 1, 12);
    const { stream } = first.state();
    await first.close();
    const second = await openSmall(folder);
    expect(second.state()).toMatchObject({
      stream,
      lastSeq: 30,
      unsettled: [[13, 30]],
      lost: [],
      doubt: { fromSeq: 31, toSeq: 31 },
    });
    expect(second.storeId()).toBe('s');
    expect((await second.append(aDraft())).reading.seq).toBe(31);
    await settle(second, 1, 31);
    expect(second.state().doubt).toBeNull();
    await second.close();
  });
  it('keeps numbers in doubt until a run has them settled', async () => {
    const folder = newFolder();
    for (const count of [3, 2, 2]) {
      const outbox = await openSmall(folder);
      await fill(outbox, count);
      await outbox.close();
    }
    const last = await openSmall(folder);
    expect(last.state().doubt).toEqual({ fromSeq: 4, toSeq: 8 });
    await settle(last, 1, 7);
    expect(last.state().doubt).toEqual({ fromSeq: 4, toSeq: 8 });
    await last.append(aDraft());
    await settle(last, 8, 8);
    expect(last.state().doubt).toBeNull();
    await last.close();
  });
  it('frees settled segments but never a number, even when all are freed and the tail is torn', async () => {
    const folder = newFolder();
    const outbox = await openSmall(folder, { keepMs: 0 });
    await fill(outbox, 100);
    await settle(outbox, 1, 100);
    const { stream, held } = outbox.state();
    expect(segmentsOf(folder, stream)).toHaveLength(1);
    expect(held[0]?.[0]).toBeGreaterThan(70);
    await outbox.close();
    for (const path of segmentsOf(folder, stream)) truncateSync(path, 5);
    const again = await openSmall(folder);
    expect(again.state()).toMatchObject({ stream, lastSeq: 100, held: [], unsettled: [], lost: [] });
    expect((await again.append(aDraft())).reading.seq).toBe(101);
    await again.close();
  });
  it('keeps settled data for the cloud to ask for again, for so long', async () => {
    const outbox = await openSmall(newFolder(), { keepMs: 100 * 60_000 });
    await fill(outbox, 300);
    await settle(outbox, 1, 300);
    const { held } = outbox.state();
    expect(held[0]?.[0]).toBeGreaterThan(150);
    expect(held[0]?.[0]).toBeLessThanOrEqual(201);
    expect((await outbox.lease([[201, 201]], 1))[0]?.reading.distanceMm).toBe(200);
    await outbox.close();
  });
  it('keeps within its size: what is settled goes first, then it thins and knows what was lost', async () => {
    const warned: string[] = [];
    const outbox = await openSmall(newFolder(), {
      maxBytes: 8192,
      warn: (_: object, message: string) => warned.push(message),
    });
    await fill(outbox, 80);
    await settle(outbox, 1, 60);
    await fill(outbox, 60, 80);
    expect(outbox.state()).toMatchObject({ lost: [], notKept: 0 });
    expect(outbox.state().held[0]?.[0]).toBeGreaterThan(30);
    await fill(outbox, 400, 140);
    const { held, lost, bytes, notKept, lastSeq } = outbox.state();
    expect(bytes).toBeLessThanOrEqual(8192 + 200);
    expect(lastSeq).toBe(540);
    expect(notKept).toBe(countSeqs(lost));
    expect(countSeqs(held)).toBeGreaterThan(25);
    expect(warned).toContain('thinned out readings that were never sent');
    await outbox.close();
  });
  it('is a year’s outbox with a sync a reading and none beside, but where a segment ends', async () => {
    const volume = smallVolume();
    const outbox = await openSmall(newFolder(), { files: volume.files, segmentBytes: 16_384 });
    await fill(outbox, 1);
    await settle(outbox, 1, 1);
    const before = volume.counts();
    for (let i = 1; i <= 1_440; i++) {
      await fill(outbox, 1, i);
      await settle(outbox, 1, i + 1);
    }
    const segments = Math.ceil(outbox.state().bytes / 16_384);
    expect(volume.counts().syncs - before.syncs).toBeLessThanOrEqual(1_440 + segments);
    expect((volume.counts().bytesWritten - before.bytesWritten) / 1_440).toBeLessThan(110);
    await outbox.close();
  });
  it('mints a new stream in an empty folder, and for a stream of which nothing is left', async () => {
    const folder = newFolder();
    const outbox = await openSmall(folder);
    await fill(outbox, 3);
    const { stream } = outbox.state();
    await outbox.close();
    rmSync(join(folder, stream), { recursive: true });
    const again = await openSmall(folder);
    expect(again.state().stream).not.toBe(stream);
    expect(again.state().lastSeq).toBe(0);
    await again.close();
  });
  it('reads on when the file that names the stream is gone or empty', async () => {
    const folder = newFolder();
    const outbox = await openSmall(folder);
    await fill(outbox, 3);
    const { stream } = outbox.state();
    await outbox.close();
    for (const spoil of [() => rmSync(join(folder, 'stream')), () => writeFileSync(join(folder, 'stream'), '')]) {
      spoil();
      const again = await openSmall(folder);
      expect(again.state()).toMatchObject({ stream, lastSeq: 3 });
      await again.close();
    }
  });
  it('a half-built new stream is nothing', async () => {
    const folder = newFolder();
    const outbox = await openSmall(folder);
    await fill(outbox, 3);
    const { stream } = outbox.state();
    await outbox.close();
    cpSync(join(folder, stream), join(folder, 'abcdefghijklmnop'), { recursive: true });
    const again = await openSmall(folder);
    expect(again.state().stream).toBe(stream);
    expect(readdirSync(folder)).not.toContain('abcdefghijklmnop');
    await again.close();
  });
  it('is one agent’s only; a lock left by a dead process is none', async () => {
    const folder = newFolder();
    const outbox = await openSmall(folder);
    await expect(openSmall(folder)).rejects.toMatchObject({ code: 'outbox-locked' });
    await outbox.close();
    writeFileSync(join(folder, 'LOCK'), '4194305 123');
    await (await openSmall(folder)).close();
    writeFileSync(join(folder, 'LOCK'), `${process.pid} 1`);
    await (await openSmall(folder)).close();
    const parent = readFileSync(`/proc/${process.ppid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19];
    writeFileSync(join(folder, 'LOCK'), `${process.ppid} ${parent} 7d6cbbd4-3b0b-4a4e-9a6f-a2a6b8e1c0de`);
    await (await openSmall(folder)).close();
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    writeFileSync(join(folder, 'LOCK'), `${process.ppid} ${parent} ${boot}`);
    await expect(openSmall(folder)).rejects.toMatchObject({ code: 'outbox-locked' });
    writeFileSync(join(folder, 'LOCK'), '');
    await (await openSmall(folder)).close();
  });
});

it('a restored store that forgot what was freed is told that it is lost', async () => {
  const outbox = await openSmall(newFolder(), { keepMs: 0 });
  await fill(outbox, 100);
  await settle(outbox, 1, 100);
  const first = outbox.state().held[0]?.[0] as number;
  expect(first).toBeGreaterThan(11);
  await outbox.settle({ stream: outbox.state().stream, settled: [[1, 10]], how: 'replace', storeId: 'restored' });
  expect(outbox.state()).toMatchObject({ lost: [[11, first - 1]], unsettled: [[first, 100]] });
  await outbox.close();
});
