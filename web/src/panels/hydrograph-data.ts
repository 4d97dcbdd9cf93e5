import type { BucketColumns, Gap } from '@siaga/protocol';

/** One span's stages, mm, at one moment, ms UTC. */
export type CurvePoint = {
  readonly atMs: number;
  readonly minMm: number;
  readonly meanMm: number;
  readonly maxMm: number;
  readonly count: number;
};

/** A hydrograph as it is shown: points in order of time, and the gaps between them. */
export type Curve = {
  readonly points: readonly CurvePoint[];
  readonly gaps: readonly Gap[];
  readonly bucketMs: number;
  /** Until when readings are known to have come; the newest point may stand earlier, in its bucket's middle. */
  readonly endMs: number;
};

export const emptyCurve: Curve = { points: [], gaps: [], bucketMs: 1, endMs: Number.NEGATIVE_INFINITY };

/** A curve from the server's buckets, each standing in the middle of its span, but never in the future. */
export function curveOf(columns: BucketColumns, nowMs: number): Curve {
  const { bucketMs } = columns;
  const points = columns.fromMs.flatMap((fromMs, index): CurvePoint[] => {
    const minMm = columns.minMm[index];
    const meanMm = columns.meanMm[index];
    const maxMm = columns.maxMm[index];
    if (minMm == null || meanMm == null || maxMm == null) return [];
    const atMs = Math.min(Math.round(fromMs + bucketMs / 2), Math.max(nowMs, fromMs));
    return [{ atMs, minMm, meanMm, maxMm, count: columns.count[index] ?? 1 }];
  });
  const lastFromMs = columns.fromMs.at(-1);
  const endMs = lastFromMs === undefined ? Number.NEGATIVE_INFINITY : Math.min(lastFromMs + bucketMs, nowMs);
  return { points, gaps: columns.gaps, bucketMs, endMs };
}

/**
 * Adds a reading that came live. One within the newest bucket widens it; an older one changes nothing, since its bucket
 * comes with the next load. Silence of more than 4 reporting intervals before it is a gap.
 */
export function appendReading(curve: Curve, atMs: number, stageMm: number, intervalS: number): Curve {
  const last = curve.points.at(-1);
  if (last !== undefined && atMs <= last.atMs) return curve;
  const point = { atMs, minMm: stageMm, meanMm: stageMm, maxMm: stageMm, count: 1 };
  if (last === undefined) return { ...curve, points: [point], endMs: atMs };
  if (atMs - last.atMs < curve.bucketMs / 2) {
    const count = last.count + 1;
    const merged = {
      atMs: last.atMs,
      minMm: Math.min(last.minMm, stageMm),
      meanMm: Math.round(last.meanMm + (stageMm - last.meanMm) / count),
      maxMm: Math.max(last.maxMm, stageMm),
      count,
    };
    return { ...curve, points: [...curve.points.slice(0, -1), merged], endMs: Math.max(curve.endMs, atMs) };
  }
  const silent = atMs - curve.endMs > staleIntervals * intervalS * 1000;
  const gaps = silent ? [...curve.gaps, { fromMs: curve.endMs, toMs: atMs }] : curve.gaps;
  return { ...curve, points: [...curve.points, point], gaps, endMs: atMs };
}

const staleIntervals = 4;

/** The gaps to show: the curve's, and the silence that lasts until now when it is longer than 4 intervals. */
export function gapsUntil(curve: Curve, fromMs: number, nowMs: number, intervalS: number): readonly Gap[] {
  const inView = curve.gaps.filter((gap) => gap.toMs > fromMs && gap.fromMs < nowMs);
  const silentMs = nowMs - curve.endMs;
  const told = inView.some((gap) => gap.toMs >= nowMs - intervalS * 1000);
  if (told || curve.points.length === 0 || silentMs <= staleIntervals * intervalS * 1000) return inView;
  return [...inView, { fromMs: curve.endMs, toMs: nowMs }];
}

export type ChartColumns = [atMs: number[], max: (number | null)[], min: (number | null)[], mean: (number | null)[]];

/** The columns that the chart draws, in cm. In each gap stands a point without values, at which the line ends. */
export function chartColumns(points: readonly CurvePoint[], gaps: readonly Gap[]): ChartColumns {
  const breaks = gaps.map((gap) => Math.round((gap.fromMs + gap.toMs) / 2)).sort((a, b) => a - b);
  const columns: ChartColumns = [[], [], [], []];
  const push = (atMs: number, point: CurvePoint | undefined) => {
    columns[0].push(atMs);
    columns[1].push(point ? point.maxMm / 10 : null);
    columns[2].push(point ? point.minMm / 10 : null);
    columns[3].push(point ? point.meanMm / 10 : null);
  };
  let next = 0;
  for (const point of points) {
    for (let at = breaks[next]; at !== undefined && at < point.atMs; at = breaks[++next]) push(at, undefined);
    if (breaks[next] === point.atMs) next++;
    push(point.atMs, point);
  }
  return columns;
}

export type Extremes = { readonly low: CurvePoint; readonly high: CurvePoint; readonly last: CurvePoint };

/** Lowest, highest and last point; undefined of an empty curve. */
export function extremesOf(points: readonly CurvePoint[]): Extremes | undefined {
  const [first] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined) return undefined;
  let low = first;
  let high = first;
  for (const point of points) {
    if (point.minMm < low.minMm) low = point;
    if (point.maxMm > high.maxMm) high = point;
  }
  return { low, high, last };
}

/** The points in at most `rows` groups, newest first: what a table can show. */
export function tableRows(points: readonly CurvePoint[], rows: number): CurvePoint[] {
  const size = Math.max(1, Math.ceil(points.length / rows));
  const groups: CurvePoint[] = [];
  for (let start = 0; start < points.length; start += size) groups.push(joined(points.slice(start, start + size)));
  return groups.reverse();
}

function joined(points: readonly CurvePoint[]): CurvePoint {
  const count = points.reduce((sum, point) => sum + point.count, 0);
  const total = points.reduce((sum, point) => sum + point.meanMm * point.count, 0);
  return {
    atMs: points[0]?.atMs ?? 0,
    minMm: Math.min(...points.map((point) => point.minMm)),
    maxMm: Math.max(...points.map((point) => point.maxMm)),
    meanMm: Math.round(total / Math.max(1, count)),
    count,
  };
}

/** The shown points as CSV (RFC 4180), times in UTC, stage in mm; readings by sensor, provisional. */
export function csvOf(station: string, points: readonly CurvePoint[]): string {
  const head = 'station,time_utc,stage_min_mm,stage_mean_mm,stage_max_mm,readings';
  const rows = points.map(({ atMs, minMm, meanMm, maxMm, count }) =>
    [station, new Date(atMs).toISOString(), minMm, meanMm, maxMm, count].join(','),
  );
  return `${[head, ...rows].join('\r\n')}\r\n`;
}

/**
 * The chart's range in cm: all of the curve, and the first limit above it with room for its label, so that one sees how
 * far away it is.
 */
export function valueRange(points: readonly CurvePoint[], limitsMm: readonly number[]): [low: number, high: number] {
  const extremes = extremesOf(points);
  const lowMm = extremes?.low.minMm ?? limitsMm[0] ?? 0;
  const highMm = extremes?.high.maxMm ?? limitsMm[0] ?? 1000;
  const nextMm = limitsMm.find((limit) => limit > highMm) ?? highMm;
  const room = Math.max(50, (nextMm - lowMm) * 0.1);
  return [(lowMm - room) / 10, (nextMm + room) / 10];
}
