import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type JudgingLoop, judgingLoop } from './judging-loop.ts';

const nothing = { changes: [], values: [] };
let runs: number;
let sweeps: number;
let fails: boolean;
let lags: number[];
let errors: string[];
let loop: JudgingLoop;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setImmediate', 'performance'] });
  runs = 0;
  sweeps = 0;
  fails = false;
  lags = [];
  errors = [];
  loop = judgingLoop({
    judge: {
      run: async () => {
        runs += 1;
        if (fails) throw new Error('no room');
        return nothing;
      },
      sweep: async () => {
        sweeps += 1;
        return nothing;
      },
    },
    onLag: (seconds) => lags.push(seconds),
    onError: (error) => errors.push(error.message),
  });
});
afterEach(async () => {
  await loop.close();
  vi.useRealTimers();
});

const turn = () => vi.advanceTimersByTimeAsync(1);

test('many commits in one turn make one run, in the next turn', async () => {
  loop.wake();
  loop.wake();
  expect(runs).toBe(0);
  await turn();
  expect(runs).toBe(1);
  expect(lags).toHaveLength(1);
  loop.wake();
  await turn();
  expect(runs).toBe(2);
});

test('sweeps every second from the start, and judges first what earlier commits left', async () => {
  loop.start();
  await turn();
  expect(runs).toBe(1);
  await vi.advanceTimersByTimeAsync(3000);
  expect(sweeps).toBe(3);
});

test('what failed is told, shown as trouble and tried again', async () => {
  fails = true;
  loop.start();
  await turn();
  expect(errors).toEqual(['no room']);
  expect(loop.troubles()).toEqual(['judge: no room']);
  fails = false;
  await vi.advanceTimersByTimeAsync(1001);
  expect(runs).toBe(2);
  expect(loop.troubles()).toEqual([]);
});

test('nothing runs after closing', async () => {
  loop.start();
  await turn();
  await loop.close();
  loop.wake();
  await vi.advanceTimersByTimeAsync(5000);
  expect([runs, sweeps]).toEqual([1, 0]);
});

test('a run that fails stays a trouble, however well the sweeps go', async () => {
  fails = true;
  loop.start();
  await vi.advanceTimersByTimeAsync(2500);
  expect(sweeps).toBeGreaterThan(0);
  expect(loop.troubles()).toEqual(['judge: no room']);
  fails = false;
  await vi.advanceTimersByTimeAsync(1000);
  expect(loop.troubles()).toEqual([]);
});
