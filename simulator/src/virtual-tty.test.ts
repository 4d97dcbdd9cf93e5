import { closeSync, existsSync, mkdtempSync, openSync, readlinkSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openReader } from './test-reader.ts';
import { openVirtualTty, type VirtualTty } from './virtual-tty.ts';

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
let folder: string;
let tty: VirtualTty;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'siaga-tty-'));
  tty = await openVirtualTty({ link: join(folder, 'gauge') });
});
afterEach(async () => {
  await tty.close();
  rmSync(folder, { recursive: true });
});

test('all 256 byte values pass unchanged, written before anyone has opened the line', async () => {
  await tty.write(everyByte);
  const reader = openReader(tty.path);
  expect(await reader.take(256)).toEqual(everyByte);
  reader.close();
});

test('nothing is echoed back into the line', async () => {
  const reader = openReader(tty.path);
  await tty.write(Buffer.from('R1234\r'));
  expect((await reader.take(6)).toString('latin1')).toBe('R1234\r');
  await tty.write(Buffer.from('X'));
  expect((await reader.take(1)).toString('latin1')).toBe('X');
  reader.close();
});

test('what a reader sends is taken off the line and does not come back', async () => {
  const fd = openSync(tty.path, 'r+');
  writeSync(fd, 'U');
  closeSync(fd);
  const reader = openReader(tty.path);
  await tty.write(Buffer.from('Z'));
  expect((await reader.take(1)).toString('latin1')).toBe('Z');
  reader.close();
});

test('what a reader sends is heard by who listens, on the next device too', async () => {
  const heard: number[] = [];
  tty.onBytes((bytes) => heard.push(...bytes));
  const say = (text: string) => {
    const fd = openSync(tty.path, 'r+');
    writeSync(fd, text);
    closeSync(fd);
  };
  say('U');
  await expect.poll(() => heard).toEqual([0x55]);
  await tty.hangUp();
  await tty.plug();
  say('V');
  await expect.poll(() => heard).toEqual([0x55, 0x56]);
});

test('a reader may die and come back without a hang-up', async () => {
  const first = openReader(tty.path);
  await tty.write(Buffer.from('one'));
  expect((await first.take(3)).toString()).toBe('one');
  first.close();
  await tty.write(Buffer.from('two'));
  const second = openReader(tty.path);
  expect((await second.take(3)).toString()).toBe('two');
  second.close();
});

test('without a reader the buffer fills, the rest is dropped and counted, and a later reader goes on', async () => {
  const block = Buffer.alloc(8192, 0x41);
  for (let i = 0; i < 5; i++) await tty.write(block);
  const dropped = tty.droppedBytes();
  expect(dropped).toBeGreaterThan(0);
  const reader = openReader(tty.path);
  const kept = 5 * block.length - dropped;
  expect((await reader.take(kept)).length).toBe(kept);
  await tty.write(everyByte);
  expect(await reader.take(256)).toEqual(everyByte);
  expect(tty.droppedBytes()).toBe(dropped);
  reader.close();
});

test('a slow reader loses nothing', async () => {
  const reader = openReader(tty.path);
  const much = Buffer.from(Array.from({ length: 40_000 }, (_, i) => i % 251));
  const writing = tty.write(much);
  await sleep(20);
  expect(await reader.take(much.length)).toEqual(much);
  await writing;
  expect(tty.droppedBytes()).toBe(0);
  reader.close();
});

test('an unplug is seen by the reader; after the replug the link leads to a working line', async () => {
  const reader = openReader(tty.path);
  const device = tty.device();
  expect(readlinkSync(tty.path)).toBe(device);
  await tty.hangUp();
  expect(await reader.hungUp()).toBe(true);
  expect(existsSync(tty.path)).toBe(false);
  await tty.write(Buffer.from('lost'));
  expect(tty.droppedBytes()).toBe(4);

  await tty.plug();
  expect(readlinkSync(tty.path)).toBe(tty.device());
  const again = openReader(tty.path);
  await tty.write(Buffer.from('back'));
  expect((await again.take(4)).toString()).toBe('back');
  again.close();
  reader.close();
});

test('without a link the path is the device itself, and it is gone after close', async () => {
  const bare = await openVirtualTty();
  expect(bare.path).toBe(bare.device());
  await bare.close();
  expect(bare.device()).toBeUndefined();
});
