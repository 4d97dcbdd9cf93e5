/** One station as it was known while readings came in: the same folds as the judges', over readings in memory. */
import type { StationValue } from '@siaga/protocol';
import type { KnownEpisode } from '../domain/episode.ts';
import { afterDiff, diffEpisodes, type KeptEpisode } from '../domain/episode-diff.ts';
import { type ClosedEpisode, emptyFold, foldEpisodes } from '../domain/episode-fold.ts';
import { episodeSite } from '../domain/episode-site.ts';
import { foldReading, levelOf, unjudged } from '../domain/level.ts';
import { trendSpanMs } from '../domain/trend.ts';
import { type CatalogueStation, siteAt } from '../fleet/catalogue.ts';
import { presentOrder } from '../judging/present.ts';
import { stationValue } from '../judging/values.ts';
import type { StoredReading } from '../ports.ts';
import type { StationFacts } from './rule.ts';

export type PastStation = {
  /** Takes readings that came at `nowMs`. */
  take(readings: readonly StoredReading[], nowMs: number): void;
  facts(nowMs: number): StationFacts;
  episodes(fromMs: number): readonly KnownEpisode[];
};

/** Longer than water travels: what is older raises nothing, and is let go when there is more than this. */
const keptMs = 48 * 3_600_000;
const mostKept = 10_000;

export function pastStation(station: CatalogueStation): PastStation {
  const [gauge] = station.gauges;
  const eventSite = episodeSite({ ...station, gauge: gauge.id });
  /** In order of event time. */
  let readings: StoredReading[] = [];
  let judged = unjudged;
  let fold = emptyFold;
  let closed: ClosedEpisode[] = [];
  let kept: readonly KeptEpisode[] = [];
  let value: StationValue | null | undefined = null;

  function valueNow(): StationValue | null {
    if (value !== undefined) return value;
    const newestMs = readings.at(-1)?.observedAtMs ?? 0;
    const first = readings.findLastIndex(({ observedAtMs }) => observedAtMs < newestMs - trendSpanMs);
    value = stationValue(readings.slice(first + 1), station.calibrations);
    return value;
  }

  function foldOn(newer: readonly StoredReading[]): void {
    for (const reading of newer) {
      const step = foldEpisodes(fold, reading, eventSite);
      fold = step.fold;
      closed.push(...step.closed);
    }
  }

  /** From the oldest reading that is kept: a backlog may lie anywhere. */
  function foldAnew(): void {
    const fromMs = readings[0]?.observedAtMs ?? 0;
    closed = closed.filter(({ settledAtMs }) => settledAtMs < fromMs);
    fold = emptyFold;
    foldOn(readings);
  }

  function learn(nowMs: number): void {
    const span = { station: station.id, fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, closed, fold, next: 'end' } as const;
    kept = afterDiff(kept, diffEpisodes(span, kept, nowMs));
  }

  return {
    take(come, nowMs) {
      const ours = come.filter((reading) => reading.gauge === gauge.id);
      if (ours.length === 0) return;
      const inOrder = [...ours].sort(byTime);
      const newest = readings.at(-1);
      const isNewer = newest === undefined || byTime(newest, inOrder[0] as StoredReading) < 0;
      readings.push(...inOrder);
      if (isNewer) foldOn(inOrder);
      else {
        readings.sort(byTime);
        foldAnew();
      }
      learn(nowMs);
      const site = siteAt(station, nowMs);
      judged = presentOrder(inOrder).reduce((state, each) => foldReading(state, each, site), judged);
      value = undefined;
      if (readings.length > mostKept) readings = readings.filter(({ observedAtMs }) => observedAtMs > nowMs - keptMs);
    },
    facts(nowMs) {
      const site = siteAt(station, nowMs);
      return {
        station,
        bands: site.bands,
        judged,
        level: levelOf(judged, site, nowMs),
        get value() {
          return valueNow();
        },
        device: null,
        works: null,
      };
    },
    episodes: (fromMs) => kept.filter(({ untilMs }) => untilMs === null || untilMs > fromMs),
  };
}

function byTime(a: StoredReading, b: StoredReading): number {
  return a.observedAtMs - b.observedAtMs || a.seq - b.seq;
}
