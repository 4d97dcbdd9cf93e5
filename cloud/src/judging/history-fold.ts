import type { SeqRange } from '@siaga/protocol';
import { decodeFold, encodeFold, hourMs, hourOf } from '../domain/episode-checkpoint.ts';
import type { FoldedSpan } from '../domain/episode-diff.ts';
import { type ClosedEpisode, type EpisodeFold, emptyFold, foldEpisodes } from '../domain/episode-fold.ts';
import type { EpisodeSite } from '../domain/episode-site.ts';
import type { ChangedHours, Checkpoint, HistoryStore, StoredReading } from '../ports.ts';

/** The fold after all that is there: live readings go on from here, without a look at the disk. */
export type Head = { readonly atMs: number; readonly fold: EpisodeFold };

/** A piece of one station's history, folded but not yet kept. */
export type Piece = {
  readonly span: FoldedSpan;
  readonly from: number;
  readonly to: number;
  readonly again: number | null;
  readonly checkpoints: readonly Checkpoint[];
  readonly readings: number;
  /** Went on from the head. */
  readonly isAhead: boolean;
  /** Undefined where it stays as it was. */
  readonly head: Head | null | undefined;
};

export type FoldOptions = {
  readonly store: Pick<HistoryStore, 'from' | 'checkpointBefore' | 'checkpoints'>;
  readonly site: EpisodeSite;
  readonly limit: number;
  /** Lets the event loop turn. */
  readonly pause: () => Promise<void>;
};

/** Between two pauses: a few ms. */
const readingsPerPause = 1000;

/** The next piece of a station's changed hours: what is newer than the head if that is all, else the earliest range. */
export function foldNext(changed: ChangedHours, head: Head | undefined, options: FoldOptions): Promise<Piece> {
  const isAhead =
    head !== undefined &&
    changed.hours.some(([, to]) => to >= hourOf(head.atMs)) &&
    !changed.behind.some(([, to]) => to >= hourOf(head.atMs));
  return isAhead ? foldAhead(changed, head, options) : foldRange(changed, changed.hours[0] as SeqRange, head, options);
}

/** Goes on from the head: all changes from its hour on are newer than it. */
async function foldAhead({ station, hours }: ChangedHours, head: Head, options: FoldOptions): Promise<Piece> {
  const fromMs = head.atMs + 1;
  const from = hourOf(head.atMs);
  const { readings, upToMs } = await options.store.from(station, options.site.gauge, fromMs, options.limit);
  const { fold, closed, checkpoints } = await foldHours(head.fold, readings, options);
  // The head's own hour keeps its checkpoint where it holds nothing newer.
  if (checkpoints[0]?.hour !== from) checkpoints.unshift({ hour: from, fold: encodeFold(head.fold, from) });
  const isEnd = upToMs === null;
  const to = isEnd ? Math.max(lastOf(checkpoints), hours.at(-1)?.[1] ?? from) : hourOf(upToMs) - 1;
  return {
    span: { station, fromMs, toMs: (to + 1) * hourMs, closed, fold, next: isEnd ? 'end' : 'more' },
    from,
    to,
    again: isEnd ? null : to + 1,
    checkpoints,
    readings: readings.length,
    isAhead: true,
    head: isEnd ? { atMs: readings.at(-1)?.observedAtMs ?? head.atMs, fold } : null,
  };
}

/** Folds from the checkpoint before a range of hours until, past the range, what was kept there says the same. */
async function foldRange(
  { station }: ChangedHours,
  [from, rangeTo]: SeqRange,
  head: Head | undefined,
  options: FoldOptions,
): Promise<Piece> {
  const { store, site } = options;
  const before = await store.checkpointBefore(station, from);
  const start = before === undefined ? emptyFold : decodeFold(before.fold, before.hour);
  const { readings, upToMs } = await store.from(station, site.gauge, from * hourMs, options.limit);
  const newest = readings.at(-1);
  const lastHour = newest === undefined ? rangeTo : Math.max(rangeTo, hourOf(newest.observedAtMs));
  const kept = await store.checkpoints(station, rangeTo, lastHour);
  const { fold, closed, checkpoints, met } = await foldHours(start, readings, options, kept);
  const isEnd = upToMs === null && (!met || lastOf(checkpoints) === lastHour);
  const next = isEnd ? 'end' : met ? 'met' : 'more';
  const to = met ? lastOf(checkpoints) : upToMs === null ? lastHour : hourOf(upToMs) - 1;
  const newHead = newest === undefined ? null : { atMs: newest.observedAtMs, fold };
  const isOvertaken = head !== undefined && to >= hourOf(head.atMs);
  return {
    span: { station, fromMs: from * hourMs, toMs: (to + 1) * hourMs, closed, fold, next },
    from,
    to,
    again: next === 'more' && to >= rangeTo ? to + 1 : null,
    checkpoints,
    readings: readings.length,
    isAhead: false,
    head: isEnd ? newHead : isOvertaken ? null : undefined,
  };
}

type Folding = {
  readonly fold: EpisodeFold;
  readonly closed: ClosedEpisode[];
  readonly checkpoints: Checkpoint[];
  readonly met: boolean;
};

/** Folds readings hour by hour, as far as an hour whose fold is one of those `kept`. */
async function foldHours(
  start: EpisodeFold,
  readings: readonly StoredReading[],
  { site, pause }: FoldOptions,
  kept: readonly Checkpoint[] = [],
): Promise<Folding> {
  const keptOf = new Map(kept.map(({ hour, fold }) => [hour, fold]));
  const closed: ClosedEpisode[] = [];
  const checkpoints: Checkpoint[] = [];
  let fold = start;
  for (let i = 0; i < readings.length; i += 1) {
    const reading = readings[i] as StoredReading;
    const step = foldEpisodes(fold, reading, site);
    fold = step.fold;
    if (step.closed.length > 0) closed.push(...step.closed);
    if ((i + 1) % readingsPerPause === 0) await pause();
    const hour = hourOf(reading.observedAtMs);
    const next = readings[i + 1];
    if (next !== undefined && hourOf(next.observedAtMs) === hour) continue;
    const text = encodeFold(fold, hour);
    checkpoints.push({ hour, fold: text });
    if (keptOf.get(hour) === text) return { fold, closed, checkpoints, met: true };
  }
  return { fold, closed, checkpoints, met: false };
}

function lastOf(checkpoints: readonly Checkpoint[]): number {
  return checkpoints.at(-1)?.hour ?? Number.NEGATIVE_INFINITY;
}
