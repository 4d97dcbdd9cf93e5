import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { aDraft } from '../testing/builders.ts';
import { crc32c } from './crc32c.ts';
import { openFileOutbox } from './file.ts';
import { outboxContract } from './outbox.contract.ts';
import type { Outbox } from './outbox.ts';

const root = mkdtempSync(join(tmpdir(), 'siaga-outbox-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const newFolder = () => join(root, String(++folders));
const open = (folder: string, over = {}) => openFileOutbox({ folder, segmentBytes: 2048, ...over });
const fill = async (outbox: Outbox, count: number) => {
  for (let i = 0; i < count; i++) await outbox.append(aDraft({ reading: { distanceMm: i } }));
};
const settle = (outbox: Outbox, from: number, to: number) =>
  outbox.settle({ stream: outbox.state().stream, settled: [[from, to]], how: 'add', storeId: 's' });
const segmentsOf = (folder: string, stream: string) =>
  readdirSync(join(folder, stream))
    .filter((name) => name.endsWith('.seg'))
    .sort()
    .map((name) => join(folder, stream, name));

outboxContract('file', () => open(newFolder()));

it('CRC-32C of the vectors of RFC 3720', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
  expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
});

describe('a folder over restarts', () => {
  it('goes on where it was: stream, numbers, settlements', async () => {
    const folder = newFolder();
    const first = await open(folder);
    await fill(first, 30);
    await settle(first, 1, 12);
    const { stream } = first.state();
    await first.close();
    const second = await open(folder);
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
      const outbox = await open(folder);
      await fill(outbox, count);
      await outbox.close();
    }
    const last = await open(folder);
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
    const outbox = await open(folder, { keepBytes: 0 });
    await fill(outbox, 100);
    await settle(outbox, 1, 100);
    const { stream, held } = outbox.state();
    expect(segmentsOf(folder, stream)).toHaveLength(1);
    expect(held[0]?.[0]).toBeGreaterThan(80);
    await outbox.close();
    for (const path of segmentsOf(folder, stream)) truncateSync(path, 5);
    const again = await open(folder);
    expect(again.state()).toMatchObject({ stream, lastSeq: 100, held: [], unsettled: [], lost: [] });
    expect((await again.append(aDraft())).reading.seq).toBe(101);
    await again.close();
  });
  it('keeps settled data for the cloud to ask for again, up to a size', async () => {
    const outbox = await open(newFolder(), { keepBytes: 8192 });
    await fill(outbox, 300);
    await settle(outbox, 1, 300);
    expect(outbox.state().bytes).toBeLessThanOrEqual(8192);
    expect(outbox.state().bytes).toBeGreaterThan(4096);
    await outbox.close();
  });
  it('drops the oldest beyond its size, settled first, and knows what was lost', async () => {
    const warned: string[] = [];
    const outbox = await open(newFolder(), {
      maxBytes: 8192,
      warn: (_: object, message: string) => warned.push(message),
    });
    await fill(outbox, 200);
    const { held, lost, bytes } = outbox.state();
    expect(bytes).toBeLessThanOrEqual(8192 + 2048);
    expect(lost).toEqual([[1, (held[0]?.[0] as number) - 1]]);
    expect(warned).toContain('dropped readings that were never sent');
    await outbox.close();
  });
  it('mints a new stream in an empty folder, and for a stream of which nothing is left', async () => {
    const folder = newFolder();
    const outbox = await open(folder);
    await fill(outbox, 3);
    const { stream } = outbox.state();
    await outbox.close();
    rmSync(join(folder, stream), { recursive: true });
    const again = await open(folder);
    expect(again.state().stream).not.toBe(stream);
    expect(again.state().lastSeq).toBe(0);
    await again.close();
  });
  it('reads on when the file that names the stream is gone or empty', async () => {
    const folder = newFolder();
    const outbox = await open(folder);
    await fill(outbox, 3);
    const { stream } = outbox.state();
    await outbox.close();
    for (const spoil of [() => rmSync(join(folder, 'stream')), () => writeFileSync(join(folder, 'stream'), '')]) {
      spoil();
      const again = await open(folder);
      expect(again.state()).toMatchObject({ stream, lastSeq: 3 });
      await again.close();
    }
  });
  it('a half-built new stream is nothing', async () => {
    const folder = newFolder();
    const outbox = await open(folder);
    await fill(outbox, 3);
    const { stream } = outbox.state();
    await outbox.close();
    cpSync(join(folder, stream), join(folder, 'abcdefghijklmnop'), { recursive: true });
    const again = await open(folder);
    expect(again.state().stream).toBe(stream);
    expect(readdirSync(folder)).not.toContain('abcdefghijklmnop');
    await again.close();
  });
  it('is one agent’s only; a lock left by a dead process is none', async () => {
    const folder = newFolder();
    const outbox = await open(folder);
    await expect(open(folder)).rejects.toMatchObject({ code: 'outbox-locked' });
    await outbox.close();
    writeFileSync(join(folder, 'LOCK'), '4194305 123');
    await (await open(folder)).close();
    writeFileSync(join(folder, 'LOCK'), `${process.pid} 1`);
    await (await open(folder)).close();
    const parent = readFileSync(`/proc/${process.ppid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19];
    writeFileSync(join(folder, 'LOCK'), `${process.ppid} ${parent}`);
    await expect(open(folder)).rejects.toMatchObject({ code: 'outbox-locked' });
  });
});

describe('damage', () => {
  const filled = async (count: number) => {
    const folder = newFolder();
    const outbox = await open(folder, { segmentBytes: 1 << 20 });
    await fill(outbox, count);
    const { stream } = outbox.state();
    await outbox.close();
    const path = segmentsOf(folder, stream)[0] as string;
    return { folder, path, stream, size: statSync(path).size };
  };
  it('cuts off a tail torn at any byte, and numbers on without a gap', async () => {
    const { folder, path, size } = await filled(3);
    const whole = readFileSync(path);
    const recordLength = size / 3;
    for (let length = 2 * recordLength; length < size; length += 7) {
      writeFileSync(path, whole.subarray(0, length));
      const outbox = await open(folder, { segmentBytes: 1 << 20 });
      // The cursor of the close knew three: a number once given is never given again.
      expect(outbox.state()).toMatchObject({ lastSeq: 3, held: [[1, 2]], lost: [[3, 3]] });
      expect(statSync(path).size).toBe(2 * recordLength);
      await outbox.close();
    }
  });
  it('passes over any damaged byte in the middle, keeps the rest, and declares the one as lost', async () => {
    const { folder, path, size } = await filled(5);
    const whole = readFileSync(path);
    const recordLength = size / 5;
    for (let at = 2 * recordLength; at < 3 * recordLength; at += 5) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] as number) ^ 0x41;
      writeFileSync(path, bytes);
      const outbox = await open(folder, { segmentBytes: 1 << 20 });
      expect(outbox.state()).toMatchObject({
        held: [
          [1, 2],
          [4, 5],
        ],
        lost: [[3, 3]],
        lastSeq: 5,
      });
      expect((await outbox.lease([[1, 5]], 9)).map(({ reading }) => reading.distanceMm)).toEqual([0, 1, 3, 4]);
      await outbox.close();
    }
  });
  it('survives rubbish and zeros behind the last record', async () => {
    const { folder, path, size } = await filled(2);
    for (const rubbish of [Buffer.alloc(600), Buffer.alloc(600, 0xff), Buffer.from('R1234\r'.repeat(50))]) {
      writeFileSync(path, Buffer.concat([readFileSync(path).subarray(0, size), rubbish]));
      const outbox = await open(folder);
      expect(outbox.state()).toMatchObject({ held: [[1, 2]], lastSeq: 2, lost: [] });
      await outbox.close();
    }
  });
});

/** The child: appends for ever, in groups of one to three, and tells each reading that became durable. */
const writer = `
  const { openFileOutbox } = await import('./file.ts');
  const { aDraft } = await import('../testing/builders.ts');
  const outbox = await openFileOutbox({ folder: process.argv[1], segmentBytes: 4096 });
  process.stdout.write('open ' + outbox.state().lastSeq + '\\n');
  for (let i = 0; ; i++) {
    const drafts = Array.from({ length: 1 + (i % 3) }, () => aDraft({ reading: { distanceMm: i } }));
    for (const { reading, stream } of await Promise.all(drafts.map((draft) => outbox.append(draft))))
      process.stdout.write('stored ' + stream + ' ' + reading.seq + '\\n');
  }`;

it('killed at any moment, twenty times: nothing that was told is lost, nothing is numbered twice', async () => {
  const folder = newFolder();
  let told = 0;
  let stream = '';
  for (let round = 0; round < 20; round++) {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', writer, folder], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.stdout.on('data', (chunk: Buffer) => {
      const first = output === '';
      output += chunk;
      if (first) setTimeout(() => child.kill('SIGKILL'), Math.random() * 60);
    });
    await ended;
    const lines = output.split('\n').slice(0, -1);
    expect(Number(lines[0]?.split(' ')[1])).toBeGreaterThanOrEqual(told);
    const seqs = lines.slice(1).map((line) => line.split(' '));
    for (const [, its, seq] of seqs) {
      stream ||= its as string;
      expect(its).toBe(stream);
      expect(Number(seq)).toBeGreaterThan(told);
      told = Number(seq);
    }
  }
  const outbox = await open(folder);
  expect(told).toBeGreaterThan(20);
  expect(outbox.state().held).toEqual([[1, outbox.state().lastSeq]]);
  expect(outbox.state().lastSeq).toBeGreaterThanOrEqual(told);
  expect(outbox.state().lost).toEqual([]);
  await outbox.close();
});
