import { describe, expect, it } from 'vitest';
import { clockFromText, clockToText, realMs, scaledClock, steppedClock } from './clock.ts';

describe('clocks', () => {
  it('scale: two processes with the same text tell the same time', () => {
    const text = clockToText(Date.now() - 1000, 1_390_000_000_000, 3600);
    const [ours, theirs] = [clockFromText(text), clockFromText(text)];
    const now = ours?.now() ?? 0;
    expect(now).toBeGreaterThanOrEqual(1_390_000_000_000 + 3_600_000);
    expect(Math.abs((theirs?.now() ?? 0) - now)).toBeLessThan(3600 * 1000);
    expect(realMs(scaledClock(0, 0, 60), 60_000)).toBe(1000);
  });

  it.each(['', '1/2', '1/2/0', '1/2/-3', 'a/b/c', '1/2/3/4'])('refuse %j', (text) => {
    expect(clockFromText(text)).toBeUndefined();
  });

  it('step forwards only', () => {
    const clock = steppedClock(100);
    clock.moveTo(500);
    clock.moveTo(300);
    expect(clock.now()).toBe(500);
  });
});
