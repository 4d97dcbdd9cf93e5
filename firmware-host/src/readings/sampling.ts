import { type Clock, realMs } from '@siaga/protocol';
import type { BurstSettings } from './burst.ts';

/** How often a gauge takes a reading, of how many pings, and what begins one. */
export type Sampling = { readonly intervalS: number; readonly pings: number; readonly trigger: 'interval' | 'burst' };

const longestBurstMs = 10_000;
const burstSilenceMs = 150;

/** A run of pings may last longer than a compressed clock's interval; a multiple's burst must end before the next. */
export function collecting({ intervalS, pings, trigger }: Sampling, clock: Clock): BurstSettings {
  const intervalMs = intervalS * 1_000;
  const timeoutMs = trigger === 'burst' ? longestBurstMs : Math.min(longestBurstMs, 0.8 * realMs(clock, intervalMs));
  return { trigger, pings, intervalMs, timeoutMs, silenceMs: burstSilenceMs };
}

const speaksWithinMs = 5_000;

/** A sensor that is woken may be silent for two of its intervals; one that runs free speaks every second at least. */
export function silentAfterMs({ intervalS, trigger }: Sampling, clock: Clock): number {
  return trigger === 'interval' ? speaksWithinMs : speaksWithinMs + realMs(clock, 2_000 * intervalS);
}
