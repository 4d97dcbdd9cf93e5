import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type HistoryLoop, historyLoop } from './history-loop.ts';

let left: number;
let turns: number;
let fails: boolean;
let loop: HistoryLoop;

beforeEach(() => {
  vi.useFakeTimers();
  left = 0;
  turns = 0;
  fails = false;
  loop = historyLoop({
    history: {
      turn: async () => {
        turns += 1;
        if (fails) throw new Error('no room');
        if (left === 0) return null;
        left -= 1;
        await new Promise((resolve) => setTimeout(resolve, 10));
        return { readings: 7 };
      },
    },
    onFolded: (_, readings) => expect(readings).toBe(7),
    onError: () => {},
  });
});
afterEach(async () => {
  const closing = loop.close();
  await vi.runAllTimersAsync();
  await closing;
  vi.useRealTimers();
});

test('many commits make one look, a little later; with nothing left there is none', async () => {
  loop.wake();
  loop.wake();
  await vi.advanceTimersByTimeAsync(40);
  expect(turns).toBe(0);
  await vi.advanceTimersByTimeAsync(5000);
  expect(turns).toBe(1);
});

test('folds what earlier runs left, with rests, until nothing is left', async () => {
  left = 5;
  loop.start();
  await vi.advanceTimersByTimeAsync(70);
  expect(turns).toBeGreaterThan(3);
  await vi.advanceTimersByTimeAsync(1000);
  expect([turns, left]).toEqual([6, 0]);
});

test('rests longer while commits come', async () => {
  left = 1000;
  loop.start();
  for (let i = 0; i < 100; i += 1) {
    loop.wake();
    await vi.advanceTimersByTimeAsync(10);
  }
  // 10 ms of work, 40 of rest.
  expect(turns).toBeGreaterThan(15);
  expect(turns).toBeLessThan(25);
  left = 0;
});

test('what failed is a trouble until it works again', async () => {
  fails = true;
  loop.wake();
  await vi.advanceTimersByTimeAsync(100);
  expect(loop.troubles()).toEqual(['history: no room']);
  fails = false;
  await vi.advanceTimersByTimeAsync(1000);
  expect(loop.troubles()).toEqual([]);
});

test('nothing begins after closing', async () => {
  loop.wake();
  await loop.close();
  loop.wake();
  await vi.advanceTimersByTimeAsync(5000);
  expect(turns).toBe(0);
});
