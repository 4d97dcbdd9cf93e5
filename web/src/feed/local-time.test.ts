import { expect, test } from 'vitest';
import { localTimer } from './local-time.ts';

test('counts the machine’s sleep, and never goes backwards when the PC’s clock is turned back', () => {
  let monotonicMs = 0;
  let wallMs = 1_000_000;
  const now = localTimer(
    () => monotonicMs,
    () => wallMs,
  );
  const step = (monotonic: number, wall: number) => {
    monotonicMs += monotonic;
    wallMs += wall;
    return now();
  };
  expect(step(1_000, 1_000)).toBe(1_000);
  expect(step(10, 3_600_010), 'an hour asleep').toBe(3_601_010);
  expect(step(1_000, -86_400_000), 'clock set back').toBe(3_602_010);
  expect(step(1_000, 1_050), 'clock slewed').toBe(3_603_010);
});
