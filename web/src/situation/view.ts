import type { Band, LevelNote, Presence, Quality, StationPicture, Trend } from '@siaga/protocol';
import { weighs } from '@siaga/protocol';
import { presenceOf, stationAgeMs } from './freshness.ts';

/** One station as list, map and detail show it: the picture, seen at one moment. */
export type StationView = {
  readonly id: string;
  readonly name: string;
  readonly kind: StationPicture['info']['kind'];
  readonly basin: string;
  readonly lat: number;
  readonly lon: number;
  readonly bands: readonly Band[];
  readonly gauge: string | undefined;
  readonly severity: number | null;
  readonly bandLabel: string | null;
  readonly sinceMs: number | null;
  readonly presence: Presence;
  readonly quality: Quality;
  readonly note: LevelNote | null;
  readonly maintenance: boolean;
  /** Null when nothing came yet, or when the newest reading weighs nothing. */
  readonly stageMm: number | null;
  readonly observedAtMs: number | null;
  readonly ageMs: number | undefined;
  readonly intervalS: number | null;
  readonly trend: Trend | null;
  readonly rateMmPer10Min: number | null;
  readonly official: StationPicture['official'];
  readonly works: StationPicture['works'];
};

export function viewOf(picture: StationPicture, nowMs: number): StationView {
  const { info, level, value } = picture;
  const weighing = value !== null && weighs(value.flag);
  return {
    id: info.id,
    name: info.name,
    kind: info.kind,
    basin: info.basin,
    lat: info.lat,
    lon: info.lon,
    bands: info.bands,
    gauge: value?.gauge ?? info.gauges[0],
    severity: level.severity,
    bandLabel: level.bandLabel,
    sinceMs: level.since === null ? null : Date.parse(level.since),
    presence: presenceOf(picture, nowMs),
    quality: level.quality,
    note: level.note,
    maintenance: level.maintenance,
    stageMm: weighing ? value.stageMm : null,
    observedAtMs: value === null ? null : Date.parse(value.observedAt),
    ageMs: stationAgeMs(picture, nowMs),
    intervalS: value?.intervalS ?? null,
    trend: weighing ? value.trend : null,
    rateMmPer10Min: weighing ? value.rateMmPer10Min : null,
    official: picture.official,
    works: picture.works,
  };
}

/** Stale or never: the picture says nothing of the water there now. */
export function isSilent(view: Pick<StationView, 'presence'>): boolean {
  return view.presence === 'stale' || view.presence === 'never';
}

/** Worst first, then by name; without a severity last. A silent station keeps its place: silence is not dry. */
export function bySeverity(a: StationView, b: StationView): number {
  return (b.severity ?? -1) - (a.severity ?? -1) || a.name.localeCompare(b.name);
}

export type Counts = {
  /** Stations heard now, by severity. */
  readonly bySeverity: readonly [number, number, number, number];
  /** Heard now, but without a band: no thresholds, or no reading that weighs. */
  readonly unjudged: number;
  /** Stale, or never heard. */
  readonly silent: number;
};

/** Counts for the header. A silent station is counted as silent only, never as normal. */
export function countStations(views: readonly StationView[]): Counts {
  const heard = views.filter((view) => !isSilent(view));
  const count = (severity: number) => heard.filter((view) => view.severity === severity).length;
  return {
    bySeverity: [count(0), count(1), count(2), count(3)],
    unjudged: heard.filter((view) => view.severity === null).length,
    silent: views.length - heard.length,
  };
}

/** The name that all stations give a severity's band, if they agree. */
export function commonLabels(views: readonly StationView[]): readonly (string | undefined)[] {
  return [0, 1, 2, 3].map((severity) => {
    const labels = new Set(
      views.flatMap((view) => view.bands.filter((band) => band.severity === severity).map((band) => band.label)),
    );
    return labels.size === 1 ? [...labels][0] : undefined;
  });
}

/** Whether a view matches what someone typed: every word in name, id, basin or kind. */
export function matches(view: StationView, query: string): boolean {
  const text = `${view.name} ${view.id} ${view.basin} ${view.kind} ${view.bandLabel ?? ''}`.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
