import type { BucketColumns, Gap, GaugeId, ReadingColumns } from '@siaga/protocol';
import { calibrationAt, type DatedCalibration, stageMmOf, stageOf } from '../domain/stage.ts';
import type { DistanceBucket, ReadingPlace, ReadingStore, StoredReading } from '../ports.ts';
import type { CatalogueStation } from './catalogue.ts';

type Readings = Pick<ReadingStore, 'readings' | 'range' | 'gaps'>;

export type Span = {
  readonly fromMs: number;
  readonly toMs: number;
  readonly gauge?: GaugeId;
  /** The platform's time: what has not come yet is no gap. */
  readonly nowMs: number;
};

/** A place in a station's readings as text: what an answer gives as `next` and a question as `after`. */
export const cursorPattern = '^(\\d{1,15})\\.([a-z2-7]{16})\\.(\\d{1,16})$';

function placeFromCursor(text: string): ReadingPlace | undefined {
  const [, atMs, stream, seq] = new RegExp(cursorPattern).exec(text) ?? [];
  return stream === undefined ? undefined : { observedAtMs: Number(atMs), stream, seq: Number(seq) };
}

/**
 * A station's readings in [fromMs, toMs) as stage, each by the calibration valid when it was observed; stage is
 * null where there was none. `after` goes on where the last answer's `next` left off; gaps are those of this page.
 */
export async function readingColumns(
  store: Readings,
  station: CatalogueStation,
  { limit, after: cursor = '', nowMs, ...span }: Span & { readonly limit: number; readonly after?: string },
): Promise<ReadingColumns> {
  const query = { station: station.id, ...span };
  const after = placeFromCursor(cursor);
  const { readings, next } = await store.readings({ ...query, limit, ...(after === undefined ? {} : { after }) });
  const gaps = await store.gaps({
    ...query,
    fromMs: Math.max(span.fromMs, after?.observedAtMs ?? span.fromMs),
    toMs: Math.min(next?.observedAtMs ?? span.toMs, nowMs),
  });
  const column = <T>(of: (reading: StoredReading) => T): T[] => readings.map(of);
  const corrections = column(({ correctionMm = 0 }) => correctionMm);
  return {
    station: station.id,
    gauge: column(({ gauge }) => gauge),
    stream: column(({ stream }) => stream),
    seq: column(({ seq }) => seq),
    rev: column(({ rev }) => rev),
    observedAtMs: column(({ observedAtMs }) => observedAtMs),
    receivedAtMs: column(({ receivedAtMs }) => receivedAtMs),
    distanceMm: column(({ distanceMm }) => distanceMm),
    ...(corrections.some((correctionMm) => correctionMm !== 0) ? { correctionMm: corrections } : {}),
    stageMm: column((reading) => stageOf(station.calibrations, reading)?.stageMm ?? null),
    flag: column(({ flag }) => flag),
    gaps,
    next: next === null ? null : `${next.observedAtMs}.${next.stream}.${next.seq}`,
  };
}

/**
 * Min, mean and max of stage in equal spans of [fromMs, toMs), of one gauge: the primary one unless another is
 * asked for. Where a calibration changes within the span, each side is computed by its own.
 */
export async function bucketColumns(
  store: Readings,
  station: CatalogueStation,
  { buckets, ...span }: Span & { readonly buckets: number },
): Promise<BucketColumns> {
  const { fromMs, toMs, nowMs, gauge = station.gauges[0].id } = span;
  const query = { station: station.id, gauge, fromMs, toMs };
  const bucketMs = Math.max(1, Math.ceil((toMs - fromMs) / buckets));
  const rows: Row[] = [];
  for (const piece of pieces(station.calibrations, gauge, fromMs, toMs))
    for (const part of alongGrid(piece.fromMs, piece.toMs, fromMs, bucketMs)) {
      const found = await store.range({ ...query, ...part });
      for (const bucket of found) {
        const gridMs = fromMs + Math.floor((bucket.fromMs - fromMs) / bucketMs) * bucketMs;
        const row = rowOf(bucket, gridMs, piece.calibration);
        const last = rows.at(-1);
        if (last?.fromMs === row.fromMs) rows[rows.length - 1] = merged(last, row);
        else rows.push(row);
      }
    }
  const gaps: Gap[] = await store.gaps({ ...query, toMs: Math.min(toMs, nowMs) });
  return {
    station: station.id,
    bucketMs,
    fromMs: rows.map((row) => row.fromMs),
    count: rows.map(({ count }) => count),
    minMm: rows.map(({ minMm }) => minMm),
    meanMm: rows.map(({ meanMm }) => (meanMm === null ? null : Math.round(meanMm))),
    maxMm: rows.map(({ maxMm }) => maxMm),
    gaps,
  };
}

type Piece = { readonly fromMs: number; readonly toMs: number; readonly calibration: DatedCalibration | undefined };

/** [fromMs, toMs) cut where another calibration of the gauge comes into force. */
function pieces(calibrations: readonly DatedCalibration[], gauge: GaugeId, fromMs: number, toMs: number): Piece[] {
  const changes = calibrations
    .filter((each) => each.gauge === gauge && each.validFromMs > fromMs && each.validFromMs < toMs)
    .map(({ validFromMs }) => validFromMs)
    .sort((a, b) => a - b);
  const begins = [fromMs, ...changes];
  return begins.map((beginMs, i) => ({
    fromMs: beginMs,
    toMs: begins[i + 1] ?? toMs,
    calibration: calibrationAt(calibrations, gauge, beginMs),
  }));
}

type Part = { readonly fromMs: number; readonly toMs: number; readonly buckets: number };

/** [fromMs, toMs) in parts that keep to the grid of `bucketMs` from `gridMs`: a begun bucket, whole ones, a rest. */
function alongGrid(fromMs: number, toMs: number, gridMs: number, bucketMs: number): Part[] {
  const firstLineMs = gridMs + Math.ceil((fromMs - gridMs) / bucketMs) * bucketMs;
  const lastLineMs = gridMs + Math.floor((toMs - gridMs) / bucketMs) * bucketMs;
  if (firstLineMs > lastLineMs) return [{ fromMs, toMs, buckets: 1 }];
  const parts = [
    { fromMs, toMs: firstLineMs, buckets: 1 },
    { fromMs: firstLineMs, toMs: lastLineMs, buckets: Math.round((lastLineMs - firstLineMs) / bucketMs) },
    { fromMs: lastLineMs, toMs, buckets: 1 },
  ];
  return parts.filter((part) => part.toMs > part.fromMs);
}

type Row = {
  readonly fromMs: number;
  readonly count: number;
  readonly minMm: number | null;
  readonly meanMm: number | null;
  readonly maxMm: number | null;
};

/** A bucket of distances as stage: the nearest distance is the highest stage. */
function rowOf(bucket: DistanceBucket, fromMs: number, calibration: DatedCalibration | undefined): Row {
  const { count } = bucket;
  if (calibration === undefined) return { fromMs, count, minMm: null, meanMm: null, maxMm: null };
  return {
    fromMs,
    count,
    minMm: stageMmOf(calibration, bucket.maxMm),
    meanMm: stageMmOf(calibration, bucket.meanMm),
    maxMm: stageMmOf(calibration, bucket.minMm),
  };
}

/** Two parts of one bucket; readings without a calibration count, but say nothing of the stage. */
function merged(a: Row, b: Row): Row {
  const count = a.count + b.count;
  if (a.minMm === null || a.meanMm === null || a.maxMm === null) return { ...b, count };
  if (b.minMm === null || b.meanMm === null || b.maxMm === null) return { ...a, count };
  return {
    fromMs: a.fromMs,
    count,
    minMm: Math.min(a.minMm, b.minMm),
    meanMm: (a.meanMm * a.count + b.meanMm * b.count) / count,
    maxMm: Math.max(a.maxMm, b.maxMm),
  };
}
