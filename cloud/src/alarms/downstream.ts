import type { Reach, StationId } from '@siaga/protocol';

/** A station downstream with the time that water takes to it, through all reaches between. In ms. */
export type Downstream = { readonly station: StationId; readonly minMs: number; readonly maxMs: number };

const hourMs = 3_600_000;

/** Every station that water from `from` comes to, nearest first: the earliest and the latest over all ways there. */
export function downstreamOf(from: StationId, reaches: readonly Reach[]): Downstream[] {
  const found = new Map<StationId, Downstream>();
  const flow = (at: StationId, minMs: number, maxMs: number, passed: ReadonlySet<StationId>): void => {
    for (const { to, travelHours } of reaches.filter((reach) => reach.from === at && !passed.has(reach.to))) {
      const before = found.get(to);
      const there = {
        station: to,
        minMs: Math.min(before?.minMs ?? Number.POSITIVE_INFINITY, minMs + travelHours.min * hourMs),
        maxMs: Math.max(before?.maxMs ?? 0, maxMs + travelHours.max * hourMs),
      };
      if (before?.minMs === there.minMs && before.maxMs === there.maxMs) continue;
      found.set(to, there);
      flow(to, minMs + travelHours.min * hourMs, maxMs + travelHours.max * hourMs, new Set([...passed, to]));
    }
  };
  flow(from, 0, 0, new Set([from]));
  return [...found.values()].sort((a, b) => a.minMs - b.minMs || (a.station < b.station ? -1 : 1));
}
