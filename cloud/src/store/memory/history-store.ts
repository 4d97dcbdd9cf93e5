import type { StationId } from '@siaga/protocol';
import { hourOf } from '../../domain/episode-checkpoint.ts';
import { afterDiff, type KeptEpisode } from '../../domain/episode-diff.ts';
import type { Checkpoint, HistoryStore } from '../../ports.ts';
import { changedHours, folded as foldedMarks, hoursFrom, markedAll, taken, unmarked } from '../changed-hours.ts';
import type { Leases } from '../sqlite/leases.ts';
import type { Numbered } from '../sqlite/numbered.ts';
import { type MemoryReadings, marksOf, servedReadings } from './reading-store.ts';

/** Episodes and what they are recomputed from in memory; leases and numbers are shared with the state. */
export function createMemoryHistoryStore(
  kept: MemoryReadings,
  { leases, numbered }: { leases: Leases; numbered: Numbered },
): HistoryStore {
  const checkpoints = new Map<StationId, Checkpoint[]>();
  const episodes = new Map<StationId, KeptEpisode[]>();
  const fingerprints = new Map<StationId, string>();

  function saveMarks(station: StationId, marks: ReturnType<typeof marksOf>): void {
    // To the end of the row.
    kept.marks.delete(station);
    kept.marks.set(station, marks);
  }

  return {
    takeLease: async (shard) => leases.take(shard),
    async take(limit) {
      const waiting = [...kept.marks].filter(([, { hours }]) => hours.length > 0).slice(0, limit);
      for (const [station, marks] of waiting) kept.marks.set(station, taken(marks));
      return waiting.map(([station, marks]) => changedHours(station, marks));
    },
    async from(station, gauge, fromMs, limit) {
      const all = servedReadings(kept, station).filter(
        (reading) => reading.gauge === gauge && reading.observedAtMs >= fromMs,
      );
      const next = all[limit];
      if (next === undefined) return { readings: all, upToMs: null };
      const upToMs = (hourOf(next.observedAtMs) + 1) * 3_600_000;
      const readings = all.filter(({ observedAtMs }) => observedAtMs < upToMs);
      return { readings, upToMs: readings.length === all.length ? null : upToMs };
    },
    checkpointBefore: async (station, hour) => (checkpoints.get(station) ?? []).findLast((each) => each.hour < hour),
    checkpoints: async (station, from, to) =>
      (checkpoints.get(station) ?? []).filter(({ hour }) => hour >= from && hour <= to),
    async episodes({ station, fromMs, toMs }) {
      const all = station === undefined ? [...episodes.values()].flat() : (episodes.get(station) ?? []);
      return all
        .filter(({ sinceMs, settledAtMs }) => sinceMs < toMs && (settledAtMs === null || settledAtMs >= fromMs))
        .sort((a, b) => a.sinceMs - b.sinceMs);
    },
    fingerprints: async () => new Map(fingerprints),
    async refold({ shard, fence, fingerprints: named, fromMs = 0 }) {
      leases.prove(shard, fence);
      for (const [station, fingerprint] of named) {
        if (fingerprint === null) fingerprints.delete(station);
        else fingerprints.set(station, fingerprint);
        const times = (kept.stored.get(station) ?? []).map(({ observedAtMs }) => hourOf(observedAtMs));
        if (times.length === 0) continue;
        const hours = hoursFrom([Math.min(...times), Math.max(...times)], fromMs);
        if (fingerprint === null) saveMarks(station, unmarked);
        else if (hours !== null) saveMarks(station, markedAll(marksOf(kept, station), hours));
      }
    },
    async commit({ shard, fence, knownAtMs, folded, changes: drafts }) {
      leases.prove(shard, fence);
      for (const piece of folded) {
        const { station, from, to, put, removed } = piece;
        const outside = (checkpoints.get(station) ?? []).filter(({ hour }) => hour < from || hour > to);
        checkpoints.set(
          station,
          [...outside, ...piece.checkpoints].sort((a, b) => a.hour - b.hour),
        );
        episodes.set(station, afterDiff(episodes.get(station) ?? [], { put, removed }));
        saveMarks(station, foldedMarks(marksOf(kept, station), piece));
      }
      const changes = numbered.write(drafts, knownAtMs);
      numbered.tell(changes);
      return changes;
    },
  };
}
