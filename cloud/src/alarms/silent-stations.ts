import { silentSinceMs } from './findings.ts';
import type { World } from './rule.ts';

/** How many stations that have ever been heard are silent now. */
export type SilentStations = { readonly silent: number; readonly heard: number; readonly sinceMs: number | null };

/** Worked out once a look: the rule of every station asks. */
const counted = new WeakMap<World, SilentStations>();

export function silentStations(world: World): SilentStations {
  const known = counted.get(world);
  if (known !== undefined) return known;
  const all = [...world.stations.values()];
  const since = all.flatMap((facts) => silentSinceMs(facts, world.nowMs) ?? []);
  const now = {
    silent: since.length,
    heard: all.filter(({ judged }) => judged.observedAtMs !== null).length,
    sinceMs: since.length === 0 ? null : Math.max(...since),
  };
  counted.set(world, now);
  return now;
}

/** After a start stations come back one by one, some with a backlog before their newest reading. */
const settlingMs = 5 * 60_000;

/** The platform has not listened long enough to call a station silent that was not before. */
export function isSettling({ nowMs, platform }: World): boolean {
  return nowMs - platform.startedAtMs < settlingMs;
}

/** Fewer stations than this are each told of by name. */
const fewest = 3;

/** Most stations at once: the fault lies in what they have in common, not with them. */
export function mostAreSilent({ silent, heard }: SilentStations): boolean {
  return silent >= fewest && silent * 2 > heard;
}
