import type { StationId } from '@siaga/protocol';
import type { KnownEpisode } from '../domain/episode.ts';
import { afterDiff, type EpisodeDiff, type KeptEpisode, toldOnes } from '../domain/episode-diff.ts';

const recentMs = 48 * 3_600_000;

/** The episodes that last, and those that ended lately, in memory: what rules look at many times a second. */
export function recentEpisodes() {
  const all = new Map<StationId, readonly KeptEpisode[]>();

  return {
    /** Those that ended before it are not kept. */
    sinceMs: (nowMs: number) => nowMs - recentMs,
    apply(station: StationId, diff: EpisodeDiff, nowMs: number): void {
      const before = all.get(station) ?? [];
      if (before.length + diff.put.length === 0) return;
      const isRecent = ({ untilMs }: KnownEpisode) => untilMs === null || untilMs > nowMs - recentMs;
      const now = afterDiff(before, diff).filter(isRecent);
      if (now.length === 0) all.delete(station);
      else all.set(station, now);
    },
    /** Whether an episode of the station lasts. */
    lasts: (station: StationId) => (all.get(station) ?? []).some(({ untilMs }) => untilMs === null),
    of(station: StationId, fromMs: number): readonly KnownEpisode[] {
      return knownOnes(all.get(station) ?? [], fromMs);
    },
  };
}

/** Of episodes in order, those that end after `fromMs` or last, without what only the store needs. */
export function knownOnes(ordered: readonly KeptEpisode[], fromMs: number): KnownEpisode[] {
  return toldOnes(ordered)
    .filter(({ untilMs }) => untilMs === null || untilMs > fromMs)
    .map(({ settledAtMs: _, ...episode }) => episode);
}
