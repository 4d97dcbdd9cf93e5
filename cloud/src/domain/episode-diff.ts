/** What a piece of folding changes of the episodes that were known before. */
import type { Severity, StationId } from '@siaga/protocol';
import type { KnownEpisode } from './episode.ts';
import type { ClosedEpisode, EpisodeFold } from './episode-fold.ts';

/** An episode as it is kept. `settledAtMs`: the reading that ended it, null while it lasts. */
export type KeptEpisode = KnownEpisode & { readonly settledAtMs: number | null };

/**
 * By what one is kept. While a backlog is folded piece by piece two may have the same severity and beginning: the one
 * that was settled earlier is what the fold says by now, the other what it said before and is not yet there again.
 */
export type EpisodeKey = Pick<KeptEpisode, 'severity' | 'sinceMs' | 'settledAtMs'>;

/** A span of event time that was folded anew. */
export type FoldedSpan = {
  readonly station: StationId;
  /** [fromMs, toMs). */
  readonly fromMs: number;
  readonly toMs: number;
  readonly closed: readonly ClosedEpisode[];
  /** The fold after the span. */
  readonly fold: EpisodeFold;
  /** What comes after the span: nothing (`end`), what was folded before and stays (`met`), or what is folded next. */
  readonly next: 'end' | 'met' | 'more';
};

export type EpisodeDiff = { readonly put: readonly KeptEpisode[]; readonly removed: readonly EpisodeKey[] };

/** An episode as it is told by severity and beginning; null where it turned out not to have been. */
export type EpisodeNews = {
  readonly severity: Severity;
  readonly sinceMs: number;
  readonly episode: KnownEpisode | null;
};

/**
 * Compares with what is kept: `kept` holds all episodes of the station that began before the span's end and were not
 * settled before its beginning. Those settled within the span, and at the end of the readings those that last, give way
 * to what the fold says now. An episode that changes keeps the time when it, or one that overlaps it, was first known.
 */
export function diffEpisodes(span: FoldedSpan, kept: readonly KeptEpisode[], knownAtMs: number): EpisodeDiff {
  const { toMs, next } = span;
  const firstKnownAtMs = ({ severity, sinceMs, untilMs }: Found) =>
    kept
      .filter((other) => other.severity === severity && overlaps(other, sinceMs, untilMs))
      .reduce((first, other) => Math.min(first, other.firstKnownAtMs), knownAtMs);
  const found = [...span.closed.map((closed) => closedEpisode(span.station, closed)), ...openEpisodes(span)];
  const now = found.map((episode): KeptEpisode => ({ ...episode, firstKnownAtMs: firstKnownAtMs(episode) }));
  const replaced = kept.filter(({ settledAtMs }) => (settledAtMs === null ? next === 'end' : settledAtMs < toMs));
  const gone = replaced.filter((episode) => !now.some((other) => isSame(other, episode)));
  // One that may yet come out of what lasts beyond this span waits for what is folded next.
  const waiting = gone.filter(({ severity, untilMs }) => {
    const open = next === 'more' ? span.fold.open[severity - 1] : undefined;
    return open !== undefined && open !== null && (untilMs === null || untilMs > open.sinceMs);
  });
  const changed = now.filter((episode) => {
    const before = kept.find((other) => isSame(other, episode));
    return before === undefined || !isAlike(before, episode);
  });
  return {
    put: [...changed, ...waiting.map((episode) => ({ ...episode, settledAtMs: toMs }))],
    removed: gone.map(({ severity, sinceMs, settledAtMs }) => ({ severity, sinceMs, settledAtMs })),
  };
}

/** The episodes after a diff, in order of beginning, then severity, then settlement. */
export function afterDiff(before: readonly KeptEpisode[], { put, removed }: EpisodeDiff): KeptEpisode[] {
  const gone: readonly EpisodeKey[] = [...put, ...removed];
  const stay = before.filter((episode) => !gone.some((other) => isSame(other, episode)));
  return [...stay, ...put].sort((a, b) => a.sinceMs - b.sinceMs || a.severity - b.severity || settled(a) - settled(b));
}

/** Of episodes in order, those that are told: one a severity and beginning. */
export function toldOnes(ordered: readonly KeptEpisode[]): KeptEpisode[] {
  return ordered.filter((episode, i) => {
    const before = ordered[i - 1];
    return before?.severity !== episode.severity || before.sinceMs !== episode.sinceMs;
  });
}

/**
 * What a diff changes of what is told; an episode that lasts is no news for its peak and its count of readings alone.
 * `before` holds, in order, all episodes that were kept with a severity and beginning that the diff names.
 */
export function newsOf(before: readonly KeptEpisode[], diff: EpisodeDiff): EpisodeNews[] {
  const [told, tells] = [toldOnes(before), toldOnes(afterDiff(before, diff))];
  const isNamedIn = (all: readonly KeptEpisode[], one: KeptEpisode) =>
    all.find(({ severity, sinceMs }) => severity === one.severity && sinceMs === one.sinceMs);
  const gone = told.filter((episode) => isNamedIn(tells, episode) === undefined);
  const news = tells.filter((episode) => isNews(isNamedIn(told, episode), episode));
  return [
    ...gone.map(({ severity, sinceMs }) => ({ severity, sinceMs, episode: null })),
    ...news.map((episode) => ({ severity: episode.severity, sinceMs: episode.sinceMs, episode })),
  ];
}

type Found = Omit<KeptEpisode, 'firstKnownAtMs'>;

function closedEpisode(station: StationId, closed: ClosedEpisode): Found {
  const { severity, bandLabel, sinceMs, untilMs, peakStageMm, peakAtMs, peakAtLeast, readings, settledAtMs } = closed;
  return {
    station,
    severity,
    bandLabel,
    sinceMs,
    untilMs,
    peakStageMm,
    peakAtMs,
    peakAtLeast,
    readings,
    settledAtMs,
  };
}

/** Those that last are told once nothing more follows. */
function openEpisodes({ station, fold, next }: FoldedSpan): Found[] {
  if (next !== 'end') return [];
  return fold.open.flatMap((open, i) => {
    if (open === null) return [];
    const { bandLabel, sinceMs, peakStageMm, peakAtMs, peakAtLeast, readings } = open;
    const severity = (i + 1) as Severity;
    const told = { bandLabel, sinceMs, untilMs: null, peakStageMm, peakAtMs, peakAtLeast, readings, settledAtMs: null };
    return [{ station, severity, ...told }];
  });
}

function overlaps(other: KeptEpisode, sinceMs: number, untilMs: number | null): boolean {
  return other.sinceMs < (untilMs ?? Number.POSITIVE_INFINITY) && (other.untilMs ?? Number.POSITIVE_INFINITY) > sinceMs;
}

function settled({ settledAtMs }: EpisodeKey): number {
  return settledAtMs ?? Number.MAX_SAFE_INTEGER;
}

function isSame(a: EpisodeKey, b: EpisodeKey): boolean {
  return a.severity === b.severity && a.sinceMs === b.sinceMs && a.settledAtMs === b.settledAtMs;
}

/** Of two with one beginning. */
function isAlike(before: KeptEpisode, after: KeptEpisode): boolean {
  return (
    before.bandLabel === after.bandLabel &&
    before.untilMs === after.untilMs &&
    before.peakStageMm === after.peakStageMm &&
    before.peakAtMs === after.peakAtMs &&
    before.peakAtLeast === after.peakAtLeast &&
    before.readings === after.readings
  );
}

function isNews(before: KeptEpisode | undefined, after: KeptEpisode): boolean {
  if (before === undefined || before.untilMs !== after.untilMs || before.bandLabel !== after.bandLabel) return true;
  return after.untilMs !== null && !isAlike(before, after);
}
