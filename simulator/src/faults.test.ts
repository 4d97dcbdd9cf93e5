import { expect, test } from 'vitest';
import { composed, dropouts, type Fault, noise, randomBytes, spikes, stuck, tornFrames, unplugged } from './faults.ts';

const frame = Uint8Array.of(0x52, 0x31, 0x32, 0x33, 0x34, 0x0d);
const makers: [string, (seed: string) => Fault][] = [
  ['noise', (seed) => noise(3, seed)],
  ['spikes', (seed) => spikes(0.3, 800, seed)],
  ['dropouts', (seed) => dropouts(0.3, seed)],
  ['torn frames', (seed) => tornFrames(0.3, seed)],
  ['random bytes', (seed) => randomBytes(0.3, seed)],
];

function play(fault: Fault): (number | null | string)[] {
  return Array.from({ length: 200 }, () => [
    fault.sample?.(2000, 0) ?? null,
    Buffer.from(fault.bytes?.(frame) ?? frame).toString('hex'),
  ]).flat();
}

test.each(makers)('%s: the same seed repeats, another one differs', (_, make) => {
  expect(play(make('a'))).toEqual(play(make('a')));
  expect(play(make('a'))).not.toEqual(play(make('b')));
});

test('a share is about a share', () => {
  const count = (fault: Fault) =>
    Array.from({ length: 2000 }, () => fault.sample?.(1, 0)).filter((v) => v === null).length;
  expect(count(dropouts(0.1, 's'))).toBeGreaterThan(140);
  expect(count(dropouts(0.1, 's'))).toBeLessThan(260);
  expect(count(dropouts(0, 's'))).toBe(0);
});

test('noise has the standard deviation asked for', () => {
  const fault = noise(5, 's');
  const values = Array.from({ length: 2000 }, () => fault.sample?.(0, 0) ?? Number.NaN);
  const sd = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  expect(sd).toBeGreaterThan(4.5);
  expect(sd).toBeLessThan(5.5);
});

test('torn frames are beginnings of the frame, never empty', () => {
  const fault = tornFrames(1, 's');
  for (let i = 0; i < 100; i++) {
    const torn = fault.bytes?.(frame) ?? frame;
    expect(torn.length).toBeGreaterThan(0);
    expect(torn.length).toBeLessThan(frame.length);
    expect(torn).toEqual(frame.subarray(0, torn.length));
  }
});

test('a stuck sensor repeats what it saw last, then recovers', () => {
  const fault = stuck(100, 200);
  expect([50, 100, 150, 200].map((atMs) => fault.sample?.(1000 + atMs, atMs))).toEqual([1050, 1050, 1050, 1200]);
});

test('faults compose from left to right, and names with them', () => {
  const all = composed([stuck(0, 10), noise(0, 's'), unplugged(5, 6), dropouts(0, 's')]);
  expect(all.name).toBe('stuck+noise+unplugged+dropouts');
  expect(all.sample?.(1234, 1)).toBe(1234);
  expect([4, 5, 6].map((atMs) => all.plugged?.(atMs))).toEqual([true, false, true]);
  expect(composed([]).name).toBe('none');
  expect(composed([]).bytes?.(frame)).toEqual(frame);
});

test('adding a fault leaves the chance of the others alone', () => {
  const alone = composed([noise(3, 's')]);
  const together = composed([noise(3, 's'), tornFrames(0.5, 's'), spikes(0, 100, 's')]);
  for (let i = 0; i < 50; i++) {
    together.bytes?.(frame);
    expect(together.sample?.(2000, 0)).toBe(alone.sample?.(2000, 0));
  }
});
