import { afterEach, describe, expect, it, vi } from 'vitest';
import { createThrottle } from './throttle.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** Sends `count` messages of `bytes` at once, and tells when each left, in ms. */
async function leavings(limits: { publishesPerS: number; bytesPerS: number }, count: number, bytes: number) {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const throttle = createThrottle(limits);
  const startMs = performance.now();
  const leftMs: number[] = [];
  const all = Array.from({ length: count }, () =>
    throttle.take(bytes).then(() => leftMs.push(performance.now() - startMs)),
  );
  await vi.advanceTimersByTimeAsync(60_000);
  await Promise.all(all);
  return leftMs;
}

/** Most of them within any second. */
function mostInASecond(leftMs: readonly number[]): number {
  return Math.max(...leftMs.map((atMs) => leftMs.filter((other) => other >= atMs && other < atMs + 1_000).length));
}

describe('throttle', () => {
  it('keeps below so many publishes in a second, and near it', async () => {
    const leftMs = await leavings({ publishesPerS: 100, bytesPerS: 1e9 }, 500, 10);
    expect(leftMs).toHaveLength(500);
    expect(mostInASecond(leftMs)).toBeLessThanOrEqual(121);
    expect(leftMs.at(-1)).toBeLessThan(5_100);
    expect(leftMs.at(-1)).toBeGreaterThan(4_700);
  });
  it('keeps below so many bytes in a second', async () => {
    const leftMs = await leavings({ publishesPerS: 1_000, bytesPerS: 500_000 }, 50, 100_000);
    expect(leftMs.at(-1)).toBeGreaterThan(9_500);
    expect(leftMs.at(-1)).toBeLessThan(10_500);
  });
  it('lets a message larger than a second’s allowance pass, and makes the next one wait for it', async () => {
    const leftMs = await leavings({ publishesPerS: 100, bytesPerS: 1_000 }, 2, 5_000);
    expect(leftMs[0]).toBe(0);
    expect(leftMs[1]).toBeGreaterThan(4_700);
  });
  it('turns away who waits when it is closed', async () => {
    const throttle = createThrottle({ publishesPerS: 1, bytesPerS: 1e9 });
    await throttle.take(1);
    const waiting = throttle.take(1);
    throttle.close(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    await expect(throttle.take(1)).rejects.toThrow('gone');
  });
});
