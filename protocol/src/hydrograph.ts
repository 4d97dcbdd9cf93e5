import { type Static, Type } from 'typebox';
import { GaugeId, StationId, StreamId } from './identity.ts';
import { Flag } from './quality.ts';

const Mm = Type.Union([Type.Integer(), Type.Null()]);
const Times = Type.Array(Type.Integer(), { description: 'ms UTC' });

/** A span without readings, longer than the stale limit then in force. */
export const Gap = Type.Object({ fromMs: Type.Integer(), toMs: Type.Integer() });
export type Gap = Static<typeof Gap>;

/** `GET /stations/{id}/readings` without `buckets`: every reading, newest revision, in order of time. Columns. */
export const ReadingColumns = Type.Object(
  {
    station: StationId,
    gauge: Type.Array(GaugeId),
    stream: Type.Array(StreamId),
    seq: Type.Array(Type.Integer()),
    rev: Type.Array(Type.Integer()),
    observedAtMs: Times,
    receivedAtMs: Times,
    distanceMm: Type.Array(Mm),
    /** What of `distanceMm` the agent added for the air's temperature; left out where it added nothing to any. */
    correctionMm: Type.Optional(Type.Array(Type.Integer())),
    stageMm: Type.Array(Mm),
    flag: Type.Array(Flag),
    gaps: Type.Array(Gap),
    /** Ask again with `after` set to this for the rest; null at the end. */
    next: Type.Union([Type.String(), Type.Null()]),
  },
  { $id: 'ReadingColumns' },
);
export type ReadingColumns = Static<typeof ReadingColumns>;

/** With `buckets`: min, mean and max of stage in equal spans, those without readings left out. */
export const BucketColumns = Type.Object(
  {
    station: StationId,
    bucketMs: Type.Integer({ minimum: 1 }),
    fromMs: Times,
    count: Type.Array(Type.Integer()),
    minMm: Type.Array(Mm),
    meanMm: Type.Array(Mm),
    maxMm: Type.Array(Mm),
    gaps: Type.Array(Gap),
  },
  { $id: 'BucketColumns' },
);
export type BucketColumns = Static<typeof BucketColumns>;
