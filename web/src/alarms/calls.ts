import type { Alarm, Priority } from '@siaga/protocol';
import { byPriority } from './view.ts';

/** When each alarm last called for attention, as this page knows it. */
export type Heard = ReadonlyMap<string, string>;

export type Calls = {
  readonly heard: Heard;
  /** Those that call anew: raised, stepped up, or repeated. Highest first. */
  readonly anew: readonly Alarm[];
};

/** Compares with what was heard before; without a before, nothing is new: a page that opens does not cry out. */
export function hear(before: Heard | undefined, alarms: Iterable<Alarm>): Calls {
  const calling = [...alarms].filter(
    ({ annunciatedAt, acknowledged, suppression }) => annunciatedAt !== null && !acknowledged && !suppression,
  );
  const heard = new Map(calling.map(({ id, annunciatedAt }) => [id, annunciatedAt ?? '']));
  const anew = before ? calling.filter(({ id, annunciatedAt }) => (before.get(id) ?? '') < (annunciatedAt ?? '')) : [];
  return { heard, anew: anew.sort((a, b) => byPriority(a.priority, b.priority)) };
}

/** ISA-18.2: a flood starts above 10 annunciations in 10 minutes and ends below 5. */
const floodStartsAbove = 10;
const floodEndsBelow = 5;
const windowMs = 10 * 60_000;

export type Flood = { readonly on: boolean; readonly calls: readonly number[] };
export const noFlood: Flood = { on: false, calls: [] };

/** Keeps count of the calls of the last 10 minutes, ms UTC, and of whether they are too many for one person. */
export function floodAfter(before: Flood, newCallsMs: readonly number[], nowMs: number): Flood {
  const calls = [...before.calls, ...newCallsMs].filter((ms) => ms > nowMs - windowMs);
  return { on: before.on ? calls.length >= floodEndsBelow : calls.length > floodStartsAbove, calls };
}

/** How many tones of which pitch: the higher the priority the higher and the more. */
export const tones: Readonly<Record<Priority, { readonly hz: number; readonly times: number }>> = {
  high: { hz: 880, times: 3 },
  medium: { hz: 660, times: 2 },
  low: { hz: 440, times: 1 },
};
