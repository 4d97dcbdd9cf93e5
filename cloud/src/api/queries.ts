/** What the routes ask. Composed in `pipeline.ts` from the use cases; a test gives its own. */
import {
  About,
  type BucketColumns,
  Health,
  type ReadingColumns,
  rejectReasons,
  type Snapshot,
  StationId,
  StationPicture,
} from '@siaga/protocol';
import { type Static, Type } from 'typebox';
import type { Caller } from './access.ts';
import type { EpisodeQueries } from './routes/episodes.ts';

const Time = Type.String({ format: 'date-time' });
const NullableTime = Type.Union([Time, Type.Null()]);

/** One station with what its judgement rests on now. */
export const StationDetail = Type.Intersect([
  StationPicture,
  Type.Object({
    thresholds: Type.Array(
      Type.Object({
        severity: Type.Integer({ minimum: 1, maximum: 3 }),
        label: Type.String(),
        fromMm: Type.Integer(),
        validFrom: Time,
        validTo: NullableTime,
      }),
      { description: 'In force now' },
    ),
    calibrations: Type.Array(
      Type.Object({
        gauge: Type.String(),
        validFrom: Time,
        sensorElevationMm: Type.Integer(),
        faceOffsetMm: Type.Integer(),
        benchmark: Type.Union([Type.String(), Type.Null()]),
        surveyedOn: Type.Union([Type.String({ format: 'date' }), Type.Null()]),
      }),
      { description: 'In force now, one a gauge at most' },
    ),
  }),
]);
export type StationDetail = Static<typeof StationDetail>;

/** What is known of a station's device. */
export const FleetDevice = Type.Object({
  station: StationId,
  connected: Type.Boolean({ description: 'Its connection to this broker stands now' }),
  connection: Type.Integer({ minimum: 0, description: 'How many connections the device has counted' }),
  health: Type.Union([Health, Type.Null()]),
  healthAt: NullableTime,
  about: Type.Union([About, Type.Null()]),
  aboutAt: NullableTime,
});
export type FleetDevice = Static<typeof FleetDevice>;

/** A message that was refused and kept. */
export const QuarantineEntry = Type.Object({
  station: Type.String(),
  topic: Type.String(),
  reason: Type.Enum([...rejectReasons]),
  detail: Type.String(),
  sha256: Type.String(),
  receivedAt: Time,
  count: Type.Integer({ minimum: 1, description: 'How often the same payload came' }),
});
export type QuarantineEntry = Static<typeof QuarantineEntry>;

/** Messages that were kept once and gave way to newer ones of their station. */
export const DroppedEntries = Type.Object({
  station: Type.String(),
  reason: Type.Enum([...rejectReasons]),
  count: Type.Integer({ minimum: 1 }),
});
type DroppedEntries = Static<typeof DroppedEntries>;

export type HydrographQuery = {
  readonly fromMs: number;
  readonly toMs: number;
  readonly gauge?: string;
  readonly limit: number;
  readonly after?: string;
};

/** Undefined stands for a station that the catalogue does not have. */
export type Queries = EpisodeQueries & {
  nowMs(): number;
  /** With what the caller may see. */
  snapshot(caller: Caller | null): Snapshot | Promise<Snapshot>;
  /** Changes whenever the snapshot says something else, its `serverTime` apart. */
  snapshotVersion(): string;
  station(id: string): StationDetail | undefined | Promise<StationDetail | undefined>;
  readings(id: string, query: HydrographQuery): Promise<ReadingColumns | undefined>;
  buckets(id: string, query: HydrographQuery & { readonly buckets: number }): Promise<BucketColumns | undefined>;
  fleet(): Promise<FleetDevice[]>;
  quarantine(limit: number): Promise<{ entries: QuarantineEntry[]; dropped: DroppedEntries[] }>;
  /** What is amiss, empty when the platform can take and keep readings. */
  unready(): Promise<string[]>;
};
