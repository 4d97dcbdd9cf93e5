import type { EpisodeFold, OpenEpisode } from './episode-fold.ts';

/** Length of the spans at whose end the fold of episodes is kept. */
export const hourMs = 3_600_000;

/** UTC hours since 1970. */
export function hourOf(atMs: number): number {
  return Math.floor(atMs / hourMs);
}

type OpenRow = [string, number, number, number, 0 | 1, number, number | null, number];
type Row = [
  last: [number, number] | null,
  recent: [number, number, 0 | 1][],
  approach: [number, number][],
  blanking: [0 | 1, number] | null,
  open: (OpenRow | null)[],
];

/** A fold as text at the end of `hour`, short, with times counted from there. Equal folds give equal texts. */
export function encodeFold({ last, recent, approach, blanking, open }: EpisodeFold, hour: number): string {
  const endMs = (hour + 1) * hourMs;
  const row: Row = [
    last === null ? null : [last.atMs - endMs, last.intervalS],
    recent.map(({ atMs, stageMm, atLeast }) => [atMs - endMs, stageMm, atLeast ? 1 : 0]),
    approach.map(({ atMs, stageMm }) => [atMs - endMs, stageMm]),
    blanking === null ? null : [blanking.risen ? 1 : 0, blanking.stageMm],
    open.map((episode) => (episode === null ? null : openRow(episode, endMs))),
  ];
  return JSON.stringify(row);
}

export function decodeFold(text: string, hour: number): EpisodeFold {
  const endMs = (hour + 1) * hourMs;
  const [last, recent, approach, blanking, open] = JSON.parse(text) as Row;
  return {
    last: last === null ? null : { atMs: last[0] + endMs, intervalS: last[1] },
    recent: recent.map(([atMs, stageMm, atLeast]) => ({ atMs: atMs + endMs, stageMm, atLeast: atLeast === 1 })),
    approach: approach.map(([atMs, stageMm]) => ({ atMs: atMs + endMs, stageMm })),
    blanking: blanking === null ? null : { risen: blanking[0] === 1, stageMm: blanking[1] },
    open: open.map((row) => (row === null ? null : openEpisode(row, endMs))),
  };
}

function openRow(episode: OpenEpisode, endMs: number): OpenRow {
  const { bandLabel, sinceMs, peakStageMm, peakAtMs, peakAtLeast, readings, below } = episode;
  return [
    bandLabel,
    sinceMs - endMs,
    peakStageMm,
    peakAtMs - endMs,
    peakAtLeast ? 1 : 0,
    readings,
    below === null ? null : below.sinceMs - endMs,
    below?.readings ?? 0,
  ];
}

function openEpisode(row: OpenRow, endMs: number): OpenEpisode {
  const [bandLabel, since, peakStageMm, peakAt, peakAtLeast, readings, belowSince, belowReadings] = row;
  return {
    bandLabel,
    sinceMs: since + endMs,
    peakStageMm,
    peakAtMs: peakAt + endMs,
    peakAtLeast: peakAtLeast === 1,
    readings,
    below: belowSince === null ? null : { sinceMs: belowSince + endMs, readings: belowReadings },
  };
}
