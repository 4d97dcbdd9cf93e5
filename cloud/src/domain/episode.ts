import type { Episode as EpisodeOnTheWire, Severity, StationId } from '@siaga/protocol';

/**
 * A span in event time in which the stage stood in a band of `severity` or above. All but `firstKnownAtMs` follows from
 * the readings alone, whatever their order of arrival.
 */
export type Episode = {
  readonly station: StationId;
  readonly severity: Severity;
  readonly bandLabel: string;
  readonly sinceMs: number;
  /** Null while it lasts, as far as the readings tell. */
  readonly untilMs: number | null;
  readonly peakStageMm: number;
  readonly peakAtMs: number;
  readonly peakAtLeast: boolean;
  readonly readings: number;
};

/** When an episode was first known, in knowledge time: it is learnt late when that is long after it began. */
export type KnownEpisode = Episode & { readonly firstKnownAtMs: number };

/** An episode as the public is told of it: in ISO times. */
export function toldEpisode(episode: Episode): EpisodeOnTheWire {
  const iso = (ms: number) => new Date(ms).toISOString();
  return {
    station: episode.station,
    severity: episode.severity,
    bandLabel: episode.bandLabel,
    since: iso(episode.sinceMs),
    until: episode.untilMs === null ? null : iso(episode.untilMs),
    peakStageMm: episode.peakStageMm,
    peakAt: iso(episode.peakAtMs),
    peakAtLeast: episode.peakAtLeast,
    readings: episode.readings,
  };
}
