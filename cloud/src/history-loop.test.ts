import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type HistoryLoop, historyLoop } from './history-loop.ts';

let left: number;
let turns: number;
let fails: boolean;
let share: number;
let loop: HistoryLoop;

beforeEach(() => {
  vi.useFakeTimers();
  left = 0;
  turns = 0;
  fails = false;
  share = 0;
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
    busy: () => share,
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
  await vi.advanceTimersByTimeAsync(90);
  expect(turns).toBe(0);
  await vi.advanceTimersByTimeAsync(5000);
  expect(turns).toBe(1);
});

test('folds what earlier runs left, resting as long as it works, until nothing is left', async () => {
  left = 5;
  loop.start();
  await vi.advanceTimersByTimeAsync(70);
  expect(turns).toBe(4);
  await vi.advanceTimersByTimeAsync(1000);
  expect([turns, left]).toEqual([6, 0]);
});

test('rests nine times as long while the process has much else to do', async () => {
  left = 1000;
  share = 0.8;
  loop.start();
  await vi.advanceTimersByTimeAsync(1005);
  expect(turns).toBe(11);
  left = 0;
});

test('what failed is a trouble until it works again', async () => {
  fails = true;
  loop.wake();
  await vi.advanceTimersByTimeAsync(150);
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
