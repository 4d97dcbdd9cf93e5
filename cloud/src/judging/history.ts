import { createHash } from 'node:crypto';
import type { Clock, StationId } from '@siaga/protocol';
import { type KnownEpisode, toldEpisode } from '../domain/episode.ts';
import { diffEpisodes, type EpisodeDiff, type EpisodeNews, newsOf } from '../domain/episode-diff.ts';
import { type EpisodeSite, episodeSite } from '../domain/episode-site.ts';
import type { Catalogue, CatalogueStation } from '../fleet/catalogue.ts';
import type { ChangeDraft, ChangedHours, FoldedHours, HistoryStore } from '../ports.ts';
import { foldNext, type Head, type Piece } from './history-fold.ts';
import { knownOnes, recentEpisodes } from './recent-episodes.ts';

export type History = {
  /** Takes the lease, marks what was folded by other limits, and learns the recent episodes. Once, before anything else. */
  start(): Promise<void>;
  /** Folds a bounded piece of what changed, in one commit: how many readings. Null when nothing was left to fold. */
  turn(): Promise<{ readonly readings: number } | null>;
  /** A station's calibrations are others from `fromMs` on: what was folded by them is folded anew, turn by turn. */
  recalibrate(station: CatalogueStation, fromMs: number): Promise<void>;
  /**
   * Episodes of a station that end after `fromMs` or last, as known now, in order of beginning. From memory: those that
   * last, and those that ended within the last two days.
   */
  episodes(station: StationId, fromMs: number): readonly KnownEpisode[];
  /** Episodes of a station that touch [fromMs, toMs), however long ago. */
  between(station: StationId, fromMs: number, toMs: number): Promise<readonly KnownEpisode[]>;
};

export type HistoryOptions = {
  readonly store: HistoryStore;
  readonly catalogue: Pick<Catalogue, 'stations'>;
  readonly clock: Clock;
  readonly shard?: string;
  /** Called after each commit that changed what is told of episodes, with their stations. */
  readonly onKnown?: (stations: readonly StationId[]) => void;
  /** About how many readings, and of how many stations, are folded in one turn, and after how many ms it ends. */
  readonly readingsPerTurn?: number;
  readonly stationsPerTurn?: number;
  readonly turnMs?: number;
};

/** Raised whenever the same readings and limits would give other episodes than before. */
const foldVersion = 1;

/** What one station adds to a turn's commit. */
type Work = { readonly piece: Piece; readonly diff: EpisodeDiff; readonly news: readonly EpisodeNews[] };

/**
 * The history judge of one shard: recomputes episodes in event time from what changed, whatever the order in which it
 * came. Apart from the present judge, and never in its way: a turn is short, and who calls rests between turns.
 * `turn` rejects with `lease-lost` when another has taken over; after any failure the marks stand, and it can be called
 * again. Turns must follow one another.
 */
export function createHistory(options: HistoryOptions): History {
  const { store, catalogue, clock, shard = 'history', onKnown = () => {} } = options;
  const { readingsPerTurn = 1500, stationsPerTurn = 200, turnMs = 8 } = options;
  const sites = new Map(catalogue.stations.map((station) => [station.id, siteOf(station)]));
  const heads = new Map<StationId, Head>();
  const recent = recentEpisodes();
  let fence = 0;

  async function fold(changed: ChangedHours, site: EpisodeSite): Promise<Work> {
    const { station } = changed;
    const piece = await foldNext(changed, heads.get(station), { store, site, limit: readingsPerTurn, pause });
    const { span, isAhead } = piece;
    // Below all limits before and after: nothing can have changed, and nothing need be asked.
    if (isAhead && span.closed.length === 0 && isQuiet(span.fold) && !recent.lasts(station))
      return { piece, diff: { put: [], removed: [] }, news: [] };
    const kept = await store.episodes({ station, fromMs: span.fromMs, toMs: span.toMs });
    const diff = diffEpisodes(span, kept, clock.now());
    return { piece, diff, news: await newsOfDiff(station, diff) };
  }

  async function newsOfDiff(station: StationId, diff: EpisodeDiff): Promise<EpisodeNews[]> {
    const begins = [...diff.put, ...diff.removed].map(({ sinceMs }) => sinceMs);
    if (begins.length === 0) return [];
    const fromMs = Math.min(...begins);
    return newsOf(await store.episodes({ station, fromMs, toMs: Math.max(...begins) + 1 }), diff);
  }

  async function commit(works: readonly Work[]): Promise<void> {
    await store.commit({
      shard,
      fence,
      knownAtMs: clock.now(),
      folded: works.map(foldedHours),
      changes: works.flatMap(changesOf),
    });
    for (const { piece, diff } of works) {
      const { station } = piece.span;
      if (piece.head === null) heads.delete(station);
      else if (piece.head !== undefined) heads.set(station, piece.head);
      recent.apply(station, diff, clock.now());
    }
    const told = works.filter(({ news }) => news.length > 0).map(({ piece }) => piece.span.station);
    if (told.length > 0) onKnown(told);
  }

  return {
    async start() {
      fence = await store.takeLease(shard);
      const before = await store.fingerprints();
      const now = [...sites].map(([station, site]) => [station, fingerprintOf(site)] as const);
      const changed = new Map(now.filter(([station, fingerprint]) => before.get(station) !== fingerprint));
      if (changed.size > 0) await store.refold({ shard, fence, fingerprints: changed });
      const nowMs = clock.now();
      const all = await store.episodes({ fromMs: recent.sinceMs(nowMs), toMs: Number.MAX_SAFE_INTEGER });
      for (const episode of all) recent.apply(episode.station, { put: [episode], removed: [] }, nowMs);
    },
    async turn() {
      const changed = await store.take(stationsPerTurn);
      if (changed.length === 0) return null;
      const works: Work[] = [];
      const gone = new Map<StationId, null>();
      const beganMs = performance.now();
      let left = readingsPerTurn;
      for (const each of changed) {
        const site = sites.get(each.station);
        // A station that left the catalogue is folded anew should it come back.
        if (site === undefined) gone.set(each.station, null);
        else {
          const work = await fold(each, site);
          works.push(work);
          left -= work.piece.readings;
        }
        if (left <= 0 || performance.now() - beganMs > turnMs) break;
      }
      if (gone.size > 0) await store.refold({ shard, fence, fingerprints: gone });
      if (works.length > 0) await commit(works);
      return { readings: works.reduce((sum, { piece }) => sum + piece.readings, 0) };
    },
    async recalibrate(station, fromMs) {
      const site = siteOf(station);
      sites.set(station.id, site);
      await store.refold({ shard, fence, fingerprints: new Map([[station.id, fingerprintOf(site)]]), fromMs });
    },
    episodes: recent.of,
    async between(station, fromMs, toMs) {
      const found = await store.episodes({ station, fromMs, toMs });
      return knownOnes(found, fromMs);
    },
  };
}

function siteOf({ gauges, ...station }: CatalogueStation): EpisodeSite {
  return episodeSite({ ...station, gauge: gauges[0].id });
}

/** Says alike what is folded alike. */
function fingerprintOf({ gauge, deadBandMm, calibrations, periods }: EpisodeSite): string {
  const stages = calibrations.map((calibration) => [
    calibration.validFromMs,
    calibration.sensorElevationMm,
    calibration.faceOffsetMm,
  ]);
  const text = JSON.stringify([foldVersion, gauge, deadBandMm, stages, periods]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function isQuiet({ open }: Piece['span']['fold']): boolean {
  return open.every((episode) => episode === null);
}

function foldedHours({ piece, diff }: Work): FoldedHours {
  const { span, from, to, again, checkpoints, head } = piece;
  const { put, removed } = diff;
  return { station: span.station, from, to, again, checkpoints, headMs: head?.atMs ?? null, put, removed };
}

function changesOf({ piece, news }: Work): ChangeDraft[] {
  return news.map(({ severity, sinceMs, episode }) => ({
    kind: 'episode',
    id: piece.span.station,
    since: new Date(sinceMs).toISOString(),
    severity,
    episode: episode === null ? null : toldEpisode(episode),
  }));
}

function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
