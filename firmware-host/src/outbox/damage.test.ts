import { spawn } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { countSeqs } from '@siaga/protocol';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { aDraft } from '../testing/builders.ts';
import { fill, newFolders, openSmall, segmentsOf, settle } from './workbench.ts';

const newFolder = newFolders('outbox-damage');

describe('a bad sector', () => {
  // Reading the first page of a process's memory fails with EIO, as a worn card does.
  const spoil = (path: string) => {
    renameSync(path, `${path}.away`);
    symlinkSync('/proc/self/mem', path);
  };
  afterEach(() => void vi.restoreAllMocks());
  const passMinutes = (minutes: number) => {
    const now = performance.now() + minutes * 60_000;
    vi.spyOn(performance, 'now').mockReturnValue(now);
  };
  const spoiltWhileOpen = async () => {
    const folder = newFolder();
    const outbox = await openSmall(folder);
    await fill(outbox, 100);
    const { stream } = outbox.state();
    const [path, next] = segmentsOf(folder, stream) as [string, string];
    spoil(path);
    const firstSeqs = async () =>
      (await outbox.lease(outbox.state().unsettled, 5)).map(({ reading }) => reading.seq).slice(0, 1);
    return { outbox, path, firstSeqs, after: Number(next.slice(-20, -4)) };
  };
  it('under a segment does not stop what lies behind it; it is lost when the disk has refused three times', async () => {
    const { outbox, firstSeqs, after } = await spoiltWhileOpen();
    for (let ask = 1; ask < 3; ask++) {
      for (let i = 0; i < 5; i++) expect(await firstSeqs()).toEqual([after]);
      expect(outbox.state().lost).toEqual([]);
      await expect(outbox.remint(outbox.state().unsettled)).rejects.toMatchObject({ code: 'outbox-unreadable' });
      passMinutes(11);
    }
    expect(await firstSeqs()).toEqual([after]);
    expect(outbox.state().lost).toEqual([[1, after - 1]]);
    await outbox.close();
  });
  it('that was the card starting anew loses nothing', async () => {
    const { outbox, path, firstSeqs } = await spoiltWhileOpen();
    await firstSeqs();
    renameSync(`${path}.away`, path);
    passMinutes(11);
    expect(await firstSeqs()).toEqual([1]);
    expect(outbox.state().lost).toEqual([]);
    await outbox.close();
  });
  it('under the newest segment: none of the numbers that it may have had is given again', async () => {
    const folder = newFolder();
    const before = await openSmall(folder, { segmentBytes: 1 << 16 });
    await fill(before, 100);
    const { stream } = before.state();
    await before.close();
    rmSync(join(folder, stream, 'cursor.json'));
    spoil(segmentsOf(folder, stream)[0] as string);
    const outbox = await openSmall(folder, { segmentBytes: 1 << 16 });
    const { reading } = await outbox.append(aDraft());
    expect([outbox.state().stream === stream, reading.seq > 100]).toEqual([true, true]);
    expect(outbox.state().lost).toEqual([[1, reading.seq - 1]]);
    await outbox.close();
  });
  it('at the start: its numbers are lost, the rest is read, the file is kept aside', async () => {
    const folder = newFolder();
    const before = await openSmall(folder);
    await fill(before, 100);
    const { stream } = before.state();
    await before.close();
    const [path, next] = segmentsOf(folder, stream) as [string, string];
    spoil(path);
    const warned: string[] = [];
    const outbox = await openSmall(folder, { warn: (_: object, message: string) => warned.push(message) });
    const after = Number(next.slice(-20, -4));
    expect(outbox.state()).toMatchObject({ stream, lastSeq: 100, lost: [[1, after - 1]], held: [[after, 100]] });
    expect(warned.join()).toContain('cannot be read');
    expect(readdirSync(join(folder, stream))).toContain(`${path.slice(-20)}.unreadable`);
    await outbox.close();
  });
  it('under the small files: the log alone knows enough, and all is sent once more', async () => {
    const folder = newFolder();
    const before = await openSmall(folder);
    await fill(before, 5);
    await settle(before, 1, 3);
    const { stream } = before.state();
    await before.close();
    spoil(join(folder, stream, 'cursor.json'));
    spoil(join(folder, 'stream'));
    for (const doubt of [1, 1]) {
      const outbox = await openSmall(folder);
      expect(outbox.state()).toMatchObject({ stream, lastSeq: 5, unsettled: [[1, 5]], doubt: { fromSeq: doubt } });
      await outbox.close();
    }
  });
});

it('starts although its cursor cannot be saved', async () => {
  const folder = newFolder();
  const before = await openSmall(folder);
  await fill(before, 3);
  const { stream } = before.state();
  await before.close();
  mkdirSync(join(folder, stream, 'cursor.json.tmp'));
  const warned: string[] = [];
  const outbox = await openSmall(folder, { warn: (_: object, message: string) => warned.push(message) });
  expect((await outbox.append(aDraft())).reading.seq).toBe(4);
  expect(warned).toContain('cursor not saved');
  await outbox.close();
});

describe('damage', () => {
  const wide = { segmentBytes: 1 << 20 };
  /** Where each reading's record ends, so that a test can spoil one; in a segment still open. */
  const filled = async (count: number) => {
    const folder = newFolder();
    const outbox = await openSmall(folder, wide);
    const { stream } = outbox.state();
    const ends: number[] = [];
    for (let i = 0; i < count; i++) {
      await fill(outbox, 1, i);
      ends.push(statSync(segmentsOf(folder, stream)[0] as string).size);
    }
    await outbox.close();
    return { folder, path: segmentsOf(folder, stream)[0] as string, stream, ends };
  };
  it('cuts off a tail torn at any byte, and never gives its number again', async () => {
    const { folder, path, ends } = await filled(3);
    const whole = readFileSync(path);
    const [, two = 0, three = 0] = ends;
    for (let length = two; length < three; length += 7) {
      writeFileSync(path, whole.subarray(0, length));
      const outbox = await openSmall(folder, wide);
      expect(outbox.state()).toMatchObject({ lastSeq: 3, held: [[1, 2]], lost: [[3, 3]] });
      expect(statSync(path).size).toBe(two);
      await outbox.close();
    }
  });
  it('gives no number of a torn tail again, though no cursor tells it', async () => {
    const { folder, path, stream, ends } = await filled(3);
    for (const name of ['cursor.json', 'cursor.hint']) rmSync(join(folder, stream, name), { force: true });
    writeFileSync(path, readFileSync(path).subarray(0, (ends[1] ?? 0) + 3));
    const outbox = await openSmall(folder, wide);
    expect(outbox.state()).toMatchObject({ lastSeq: 3, held: [[1, 2]], lost: [[3, 3]], doubt: { fromSeq: 1 } });
    await outbox.close();
  });
  it('passes over any damaged byte in the middle, keeps the rest, and declares the one as lost', async () => {
    const { folder, path, ends } = await filled(5);
    const whole = readFileSync(path);
    for (let at = ends[1] ?? 0; at < (ends[2] ?? 0); at += 5) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] as number) ^ 0x41;
      writeFileSync(path, bytes);
      const outbox = await openSmall(folder, wide);
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
  it('in a head loses no reading that a repeated head can tell', async () => {
    const { folder, path, ends } = await filled(150);
    const bytes = readFileSync(path);
    bytes[(ends[0] ?? 0) - 100] = 0;
    expect(bytes.subarray(0, ends[0]).toString('latin1')).not.toBe(
      readFileSync(path).subarray(0, ends[0]).toString('latin1'),
    );
    writeFileSync(path, bytes);
    const outbox = await openSmall(folder, wide);
    expect((await outbox.lease([[1, 150]], 999)).map(({ reading }) => reading.seq)).toEqual(
      Array.from({ length: 150 }, (_, i) => i + 1),
    );
    await outbox.close();
  });
  it('in the only copy of a head: its readings are lost, and do not pass for those of what is written next', async () => {
    const { folder, path, ends } = await filled(10);
    const bytes = readFileSync(path);
    bytes[(ends[0] ?? 0) - 100] = 0;
    writeFileSync(path, bytes);
    const outbox = await openSmall(folder, wide);
    await outbox.append(aDraft({ boot: 'another boot', gauge: 'spare' }));
    expect((await outbox.lease([[1, 11]], 999)).map(({ reading, gauge }) => [reading.seq, gauge])).toEqual([
      [11, 'spare'],
    ]);
    expect(outbox.state().lost).toEqual([[1, 10]]);
    await outbox.close();
  });
  it('in a closed segment is found when it is read, and its readings are lost then', async () => {
    const folder = newFolder();
    const before = await openSmall(folder);
    await fill(before, 100);
    const { stream } = before.state();
    await before.close();
    const path = segmentsOf(folder, stream)[1] as string;
    const bytes = readFileSync(path);
    bytes.fill(0xa5, 500, 700);
    writeFileSync(path, bytes);
    const outbox = await openSmall(folder);
    expect(outbox.state()).toMatchObject({ held: [[1, 100]], lost: [] });
    const leased = await outbox.lease(outbox.state().unsettled, 999);
    expect(leased.length + countSeqs(outbox.state().lost)).toBe(100);
    expect(countSeqs(outbox.state().lost)).toBeGreaterThan(1);
    expect(countSeqs(outbox.state().lost)).toBeLessThan(8);
    await outbox.close();
  });
  it('survives rubbish and zeros behind the last record; as many numbers as it may have had are not given again', async () => {
    const { folder, path, ends } = await filled(2);
    const whole = readFileSync(path).subarray(0, ends[1]);
    const length = (ends[1] ?? 0) - (ends[0] ?? 0);
    for (const rubbish of [Buffer.alloc(length * 3), Buffer.alloc(600, 0xff), Buffer.from('R1234\r'.repeat(50))]) {
      writeFileSync(path, Buffer.concat([whole, rubbish]));
      const outbox = await openSmall(folder, wide);
      expect(outbox.state()).toMatchObject({ held: [[1, 2]] });
      expect(outbox.state().lastSeq).toBeGreaterThanOrEqual(2 + Math.ceil(rubbish.length / length));
      await outbox.close();
    }
  });
  it('of any byte of the small files: it starts, and knows no more than is true', async () => {
    const folder = newFolder();
    const before = await openSmall(folder);
    await fill(before, 9);
    await settle(before, 1, 4);
    const { stream } = before.state();
    await before.close();
    for (const name of [join(stream, 'cursor.json'), 'stream']) {
      const path = join(folder, name);
      const whole = readFileSync(path);
      for (let at = 0; at < whole.length; at += 3) {
        const bytes = Buffer.from(whole);
        bytes[at] = (bytes[at] as number) ^ 0x04;
        writeFileSync(path, bytes);
        const outbox = await openSmall(folder);
        const { lastSeq, held, unsettled, lost } = outbox.state();
        expect({ lastSeq, held, lost }).toEqual({ lastSeq: 9, held: [[1, 9]], lost: [] });
        expect([[[1, 9]], [[5, 9]]]).toContainEqual(unsettled);
        await outbox.close();
        writeFileSync(path, whole);
      }
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
  const outbox = await openSmall(folder);
  expect(told).toBeGreaterThan(20);
  expect(outbox.state().held).toEqual([[1, outbox.state().lastSeq]]);
  expect(outbox.state().lastSeq).toBeGreaterThanOrEqual(told);
  expect(outbox.state().lost).toEqual([]);
  await outbox.close();
});
