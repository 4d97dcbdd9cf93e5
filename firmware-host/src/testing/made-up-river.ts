import type { Chance } from './injected-faults.ts';
import type { RecordedBurst } from './judge.ts';

const minutesADay = 1_440;
const hourMs = 3_600_000;

/**
 * A made-up river under a sensor, in mm, for tests of flags: it falls slowly, breathes with the day, lies still at
 * night, and rises by storms, the quickest by 20 mm a minute. `pings` scatter by the sensor's noise and by waves.
 */
export function madeUpRiver(
  { days, stepMs, pings }: { days: number; stepMs: number; pings: number },
  chance: Chance,
): RecordedBurst[] {
  const startMs = Date.UTC(2024, 0, 10);
  const storms = Array.from({ length: days }, () => ({
    atMs: startMs + chance.next() * days * 24 * hourMs,
    heightMm: 100 + chance.below(1_200),
    riseMs: (1 + 5 * chance.next()) * hourMs,
  }));
  return Array.from({ length: Math.floor((days * minutesADay * 60_000) / stepMs) }, (_, i) => {
    const atMs = startMs + i * stepMs;
    const flood = storms.reduce((sum, storm) => sum + surge(atMs - storm.atMs, storm), 0);
    const breath = 6 * Math.sin((2 * Math.PI * atMs) / (24 * hourMs));
    const wavesMm = 1 + Math.min(15, flood / 60);
    const stageMm = 300 + Math.min(2_600, flood) + breath;
    const ping = () => Math.round(4_500 - stageMm + wavesMm * (chance.next() + chance.next() + chance.next() - 1.5));
    return { atMs, pingsMm: Array.from({ length: pings }, ping) };
  });
}

/** Rises to its height in `riseMs`, falls six times as slowly. */
function surge(sinceMs: number, { heightMm, riseMs }: { heightMm: number; riseMs: number }): number {
  if (sinceMs < 0) return 0;
  return heightMm * (sinceMs < riseMs ? sinceMs / riseMs : Math.exp(-(sinceMs - riseMs) / (6 * riseMs)));
}
