/** What the routes ask. Composed in `pipeline.ts` from the use cases; a test gives its own. */
import {
  About,
  type BucketColumns,
  Calibration,
  Command,
  Health,
  type ReadingColumns,
  rejectReasons,
  type Snapshot,
  StationId,
  StationLevel,
  StationPicture,
} from '@siaga/protocol';
import { type Static, Type } from 'typebox';
import { urgencies, visitCodes } from '../fleet/visit-words.ts';
import type { Caller } from './access.ts';
import type { EpisodeQueries } from './routes/episodes.ts';

const Time = Type.String({ format: 'date-time' });
const NullableTime = Type.Union([Time, Type.Null()]);
const NullableText = Type.Union([Type.String(), Type.Null()]);

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

/** How a station stands with its certificate. */
const DeviceCertificate = Type.Object({
  state: Type.Enum(['valid', 'renew', 'expired', 'revoked', 'none'], {
    description: 'none: never issued here; renew: ends within 30 days',
  }),
  serial: NullableText,
  issuedAt: NullableTime,
  expiresAt: NullableTime,
  by: Type.Union([Type.String(), Type.Null()], {
    description: 'operator, claim:<name>, station (a renewal), or seen (from before the list)',
  }),
  allowedUntil: Type.Union([Time, Type.Null()], { description: 'Until when the station may ask for one by a claim' }),
});

/** What is known of a station's device. */
export const FleetDevice = Type.Object({
  station: StationId,
  name: Type.String(),
  connected: Type.Boolean({ description: 'Its connection to this broker stands now' }),
  connection: Type.Integer({ minimum: 0, description: 'How many connections the device has counted' }),
  health: Type.Union([Health, Type.Null()], { description: 'Null too where only a brief answer was asked for' }),
  healthAt: NullableTime,
  about: Type.Union([About, Type.Null()], { description: 'Null too where only a brief answer was asked for' }),
  aboutAt: NullableTime,
  firmware: NullableText,
  level: Type.Union([StationLevel, Type.Null()]),
  maintenanceUntil: Type.Union([Time, Type.Null()], { description: 'A technician has declared work until then' }),
  certificate: Type.Union([DeviceCertificate, Type.Null()], {
    description: 'The newest that was issued to it; null where nothing is known of it',
  }),
  visits: Type.Array(
    Type.Object({
      code: Type.Enum([...visitCodes]),
      urgency: Type.Enum([...urgencies], {
        description:
          'now: the station is blind or soon will be; soon: with the next tour; desk: settled without a visit',
      }),
      says: Type.String(),
      mend: Type.String({ description: 'What to do about it' }),
      gauge: NullableText,
    }),
    { description: 'What needs somebody, the most urgent first; empty for a device that can be forgotten' },
  ),
});
export type FleetDevice = Static<typeof FleetDevice>;

/** A command with what became of it. */
export const CommandView = Type.Object({
  command: Command,
  state: Type.Enum(['waiting', 'sent', 'under-way', 'done', 'refused', 'rolled-back', 'expired'], {
    description: 'waiting: the device was not there yet; sent: it has not answered yet',
  }),
  reason: Type.Union([Type.String(), Type.Null()], { description: 'What the device says of it' }),
  by: Type.String({ description: 'An account, or `machine`: the platform itself' }),
  issuedAt: Time,
  expiresAt: Time,
  sentAt: NullableTime,
  answeredAt: NullableTime,
});
export type CommandView = Static<typeof CommandView>;

const NullableMm = Type.Union([Type.Integer(), Type.Null()]);

/** A technician's calibration with what it would change. */
export const CalibrationProposal = Type.Object({
  record: Type.String(),
  calibration: Calibration,
  state: Type.Enum(['proposed', 'accepted', 'refused']),
  proposedAt: Time,
  decidedBy: NullableText,
  decidedAt: NullableTime,
  reason: NullableText,
  present: Type.Union(
    [
      Type.Object({
        observedAt: Time,
        newMm: Type.Integer({ description: 'The stage by this calibration' }),
        oldMm: Type.Union([Type.Integer(), Type.Null()], { description: 'The stage without it' }),
        differenceMm: NullableMm,
      }),
      Type.Null(),
    ],
    { description: "The gauge's newest reading by both; null where there is none" },
  ),
});
export type CalibrationProposal = Static<typeof CalibrationProposal>;

/** One device with all that concerns it. */
export const DeviceDetail = Type.Intersect([
  FleetDevice,
  Type.Object({
    commands: Type.Array(CommandView, { description: 'The newest, newest first' }),
    calibrations: Type.Array(CalibrationProposal, { description: 'Of technicians, newest first' }),
  }),
]);
export type DeviceDetail = Static<typeof DeviceDetail>;

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
  /** What needs somebody first; `brief` without health and about. */
  fleet(brief: boolean): Promise<FleetDevice[]>;
  device(id: string): Promise<DeviceDetail | undefined>;
  calibrations(id: string): Promise<CalibrationProposal[] | undefined>;
  quarantine(limit: number): Promise<{ entries: QuarantineEntry[]; dropped: DroppedEntries[] }>;
  /** What is amiss, empty when the platform can take and keep readings. */
  unready(): Promise<string[]>;
};
