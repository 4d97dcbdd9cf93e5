import { silentSinceMs } from './findings.ts';
import type { World } from './rule.ts';

/** How many stations that have ever been heard are silent now. */
export type SilentStations = { readonly silent: number; readonly heard: number; readonly sinceMs: number | null };

/** Worked out once a look: the rule of every station asks. */
const counted = new WeakMap<World['stations'], SilentStations & { readonly nowMs: number }>();

export function silentStations({ stations, nowMs }: World): SilentStations {
  const before = counted.get(stations);
  if (before?.nowMs === nowMs) return before;
  const since = [...stations.values()].flatMap((facts) => silentSinceMs(facts, nowMs) ?? []);
  const now = {
    nowMs,
    silent: since.length,
    heard: [...stations.values()].filter(({ judged }) => judged.observedAtMs !== null).length,
    sinceMs: since.length === 0 ? null : Math.max(...since),
  };
  counted.set(stations, now);
  return now;
}

/** Fewer stations than this are each told of by name. */
const fewest = 3;

/** Most stations at once: the fault lies in what they have in common, not with them. */
export function mostAreSilent({ silent, heard }: SilentStations): boolean {
  return silent >= fewest && silent * 2 > heard;
}
