import { spawn } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { aDraft } from '../testing/builders.ts';
import { lacksTool } from '../testing/tools.ts';
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
    writeFileSync(join(folder, 'LOCK'), `${process.ppid} ${parent} 7d6cbbd4-3b0b-4a4e-9a6f-a2a6b8e1c0de`);
    await (await open(folder)).close();
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    writeFileSync(join(folder, 'LOCK'), `${process.ppid} ${parent} ${boot}`);
    await expect(open(folder)).rejects.toMatchObject({ code: 'outbox-locked' });
    writeFileSync(join(folder, 'LOCK'), '');
    await (await open(folder)).close();
  });
});

it('a restored store that forgot what was freed is told that it is lost', async () => {
  const outbox = await open(newFolder(), { keepBytes: 0 });
  await fill(outbox, 100);
  await settle(outbox, 1, 100);
  const first = outbox.state().held[0]?.[0] as number;
  expect(first).toBeGreaterThan(11);
  await outbox.settle({ stream: outbox.state().stream, settled: [[1, 10]], how: 'replace', storeId: 'restored' });
  expect(outbox.state()).toMatchObject({ lost: [[11, first - 1]], unsettled: [[first, 100]] });
  await outbox.close();
});

/** Runs code in a process whose files may not grow beyond `blocks` of 512 bytes: a write beyond is cut short, then fails. */
async function limited(blocks: number, folder: string, code: string): Promise<string[]> {
  const prelude = `
    const { execFileSync } = await import('node:child_process');
    const { openFileOutbox } = await import('./file.ts');
    const { aDraft } = await import('../testing/builders.ts');
    const folder = process.argv[1];
    const tell = (value) => process.stdout.write(JSON.stringify(value) + '\\n');
    const codeOf = (error) => error.code;
    const unlimit = () => execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=unlimited']);`;
  const child = spawn(
    'sh',
    ['-c', `trap '' XFSZ; ulimit -S -f ${blocks}; exec "$0" "$@"`, process.execPath].concat([
      '--input-type=module',
      '--eval',
      prelude + code,
      folder,
    ]),
    { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  await new Promise((resolve) => child.once('close', resolve));
  return output.split('\n').slice(0, -1);
}

describe('a disk that takes no more', () => {
  const lacking = lacksTool('prlimit', 'util-linux');
  beforeEach((ctx) => ctx.skip(lacking !== undefined, lacking));

  it('in the middle of a group: none of it is stored, and the next goes on without a gap', async () => {
    const folder = newFolder();
    const told = await limited(
      4,
      folder,
      `
      const outbox = await openFileOutbox({ folder, segmentBytes: 1 << 20 });
      const group = () => Promise.all(Array.from({ length: 7 }, () => outbox.append(aDraft())));
      let full = null;
      while (full === null) full = await group().then(() => null, codeOf);
      tell(full);
      tell(outbox.state().lastSeq);
      tell(await outbox.append(aDraft()).then(({ reading }) => reading.seq, codeOf));
      unlimit();
      tell((await group()).map(({ reading }) => reading.seq)[0]);
      process.kill(process.pid, 'SIGKILL');`,
    );
    const [full, lastSeq, one, next] = told.map((line) => JSON.parse(line));
    expect(full).toBe('outbox-full');
    const outbox = await open(folder);
    expect(next).toBe((one === 'outbox-full' ? lastSeq : one) + 1);
    expect(outbox.state()).toMatchObject({ held: [[1, next + 6]], lost: [] });
    expect((await outbox.lease([[1, 999]], 999)).length).toBe(next + 6);
    await outbox.close();
  });
  it('from the start: what is held can still be read and sent', async () => {
    const folder = newFolder();
    const before = await open(folder);
    await fill(before, 3);
    await before.close();
    const told = await limited(
      0,
      folder,
      `
      const warned = [];
      const outbox = await openFileOutbox({ folder, warn: (_, message) => warned.push(message) });
      tell((await outbox.lease(outbox.state().unsettled, 9)).length);
      await outbox.settle({ stream: outbox.state().stream, settled: [[1, 3]], how: 'add', storeId: 's' }).catch(codeOf);
      tell(outbox.state().unsettled);
      await outbox.close();
      tell(warned);`,
    );
    expect(told.slice(0, 2)).toEqual(['3', '[]']);
    expect(told[2]).toContain('cursor not saved');
  });
  it('while a new stream is built: the old one stays, and nothing half-built is left behind', async () => {
    const folder = newFolder();
    const told = await limited(
      16,
      folder,
      `
      const outbox = await openFileOutbox({ folder, segmentBytes: 2048 });
      for (let i = 0; i < 200; i++) await outbox.append(aDraft());
      const { stream } = outbox.state();
      for (let i = 0; i < 3; i++) await outbox.remint([[1, 200]]).then(() => tell('moved'), () => tell('not moved'));
      const { readdirSync } = await import('node:fs');
      tell(readdirSync(folder).filter((name) => name.length === 16).join() === stream);
      tell((await outbox.append(aDraft())).reading.seq);
      unlimit();
      await outbox.remint([[1, 201]]);
      tell(outbox.state().held);
      tell(readdirSync(folder).filter((name) => name.length === 16).join() === outbox.state().stream);
      await outbox.close();`,
    );
    expect(told).toEqual(['"not moved"', '"not moved"', '"not moved"', 'true', '201', '[[1,201]]', 'true']);
  });
});

describe('a bad sector', () => {
  // Reading the first page of a process's memory fails with EIO, as a worn card does.
  const spoil = (path: string) => {
    renameSync(path, `${path}.away`);
    symlinkSync('/proc/self/mem', path);
  };
  it('under a segment does not stop what lies behind it', async () => {
    const folder = newFolder();
    const outbox = await open(folder);
    await fill(outbox, 100);
    const { stream } = outbox.state();
    const [path, next] = segmentsOf(folder, stream) as [string, string];
    spoil(path);
    const after = Number(next.slice(-20, -4));
    const readings = await outbox.lease(outbox.state().unsettled, 5);
    expect(readings.map(({ reading }) => reading.seq)[0]).toBe(after);
    expect(outbox.state().lost).toEqual([[1, after - 1]]);
    await outbox.close();
  });
  it('at the start: its numbers are lost, the rest is read, the file is kept aside', async () => {
    const folder = newFolder();
    const before = await open(folder);
    await fill(before, 100);
    const { stream } = before.state();
    await before.close();
    const [path, next] = segmentsOf(folder, stream) as [string, string];
    spoil(path);
    const warned: string[] = [];
    const outbox = await open(folder, { warn: (_: object, message: string) => warned.push(message) });
    const after = Number(next.slice(-20, -4));
    expect(outbox.state()).toMatchObject({ stream, lastSeq: 100, lost: [[1, after - 1]], held: [[after, 100]] });
    expect(warned.join()).toContain('cannot be read');
    expect(readdirSync(join(folder, stream))).toContain(`${path.slice(-20)}.unreadable`);
    await outbox.close();
  });
  it('under the small files: the log alone knows enough, and all is sent once more', async () => {
    const folder = newFolder();
    const before = await open(folder);
    await fill(before, 5);
    await settle(before, 1, 3);
    const { stream } = before.state();
    await before.close();
    spoil(join(folder, stream, 'cursor.json'));
    spoil(join(folder, 'stream'));
    for (const doubt of [1, 1]) {
      const outbox = await open(folder);
      expect(outbox.state()).toMatchObject({ stream, lastSeq: 5, unsettled: [[1, 5]], doubt: { fromSeq: doubt } });
      await outbox.close();
    }
  });
});

it('starts although its cursor cannot be saved', async () => {
  const folder = newFolder();
  const before = await open(folder);
  await fill(before, 3);
  const { stream } = before.state();
  await before.close();
  mkdirSync(join(folder, stream, 'cursor.json.tmp'));
  const warned: string[] = [];
  const outbox = await open(folder, { warn: (_: object, message: string) => warned.push(message) });
  expect((await outbox.append(aDraft())).reading.seq).toBe(4);
  expect(warned).toContain('cursor not saved');
  await outbox.close();
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
