import { type Static, Type } from 'typebox';
import { GaugeId, StationId } from './identity.ts';
import { Flag } from './quality.ts';
import { Severity } from './severity.ts';

const Time = Type.String({ format: 'date-time' });
const NullableMm = Type.Union([Type.Integer(), Type.Null()]);

export const stationKinds = ['river', 'street', 'gate-up', 'gate-down', 'tide', 'pump-basin'] as const;
export const StationKind = Type.Enum(stationKinds);
export type StationKind = (typeof stationKinds)[number];

/** A span of stage [fromMm, next band's fromMm) with its local name. The lowest band has no lower end. */
export const Band = Type.Object({
  severity: Severity,
  label: Type.String(),
  fromMm: NullableMm,
});
export type Band = Static<typeof Band>;

/** What a station is: from the catalogue. `bands` are those in force now, lowest first; empty when no thresholds are set. */
export const StationInfo = Type.Object({
  id: StationId,
  name: Type.String(),
  kind: StationKind,
  basin: Type.String(),
  lat: Type.Number({ minimum: -90, maximum: 90 }),
  lon: Type.Number({ minimum: -180, maximum: 180 }),
  gauges: Type.Array(GaugeId),
  bands: Type.Array(Band),
});
export type StationInfo = Static<typeof StationInfo>;

/** How present a station is: late after 2 reporting intervals, stale after 4 (or its cap), never if nothing came yet. */
export const presences = ['live', 'late', 'stale', 'never'] as const;
export type Presence = (typeof presences)[number];

/** `none`: the newest reading weighs nothing, so the level rests on an older one. */
export const qualities = ['good', 'suspect', 'none'] as const;
export type Quality = (typeof qualities)[number];

/** What else must be said of a level. */
export const levelNotes = ['at-least', 'possibly-blocked', 'no-echo', 'sensor-dead', 'clock-uncertain'] as const;
export type LevelNote = (typeof levelNotes)[number];

export const trends = ['rising', 'falling', 'steady'] as const;
export type Trend = (typeof trends)[number];

/** What is judged of a station; every change of it is numbered. Provisional, by sensor: no official status. */
export const StationLevel = Type.Object({
  severity: Type.Union([Severity, Type.Null()], { description: 'Null while no reading or no thresholds' }),
  bandLabel: Type.Union([Type.String(), Type.Null()]),
  since: Type.Union([Time, Type.Null()], { description: 'When the water entered this band, in event time' }),
  presence: Type.Enum(presences),
  quality: Type.Enum(qualities),
  note: Type.Union([Type.Enum(levelNotes), Type.Null()]),
  maintenance: Type.Boolean(),
});
export type StationLevel = Static<typeof StationLevel>;

/** The newest reading of a station, as stage. */
export const StationValue = Type.Object({
  gauge: GaugeId,
  observedAt: Time,
  receivedAt: Time,
  stageMm: NullableMm,
  flag: Flag,
  trend: Type.Union([Type.Enum(trends), Type.Null()]),
  rateMmPer10Min: Type.Union([Type.Integer(), Type.Null()]),
  intervalS: Type.Integer(),
});
export type StationValue = Static<typeof StationValue>;

/** What an authority declared: by a person or an agency feed, never by a sensor. */
export const OfficialStatus = Type.Object({
  severity: Severity,
  label: Type.String(),
  declaredAt: Time,
  by: Type.String(),
});
export type OfficialStatus = Static<typeof OfficialStatus>;

/** What stands at a gate or in a pump house, as a person entered it. */
export const Works = Type.Object({
  /** Of each gate, how far it is open, in percent. */
  gates: Type.Array(
    Type.Object({ name: Type.String({ maxLength: 60 }), openPercent: Type.Integer({ minimum: 0, maximum: 100 }) }),
    { maxItems: 40 },
  ),
  pumps: Type.Array(
    Type.Object({ name: Type.String({ maxLength: 60 }), state: Type.Enum(['running', 'stopped', 'out-of-service']) }),
    { maxItems: 40 },
  ),
  enteredAt: Time,
  by: Type.String(),
});
export type Works = Static<typeof Works>;

export const StationPicture = Type.Object(
  {
    info: StationInfo,
    level: StationLevel,
    value: Type.Union([StationValue, Type.Null()]),
    official: Type.Union([OfficialStatus, Type.Null()]),
    works: Type.Union([Works, Type.Null()]),
  },
  { $id: 'StationPicture' },
);
export type StationPicture = Static<typeof StationPicture>;

/** A river's schematic course between two stations, with the time that water takes. */
export const Reach = Type.Object({
  id: Type.String(),
  from: StationId,
  to: StationId,
  river: Type.String(),
  travelHours: Type.Object({ min: Type.Number(), max: Type.Number() }),
  /** Points between the two stations: [lat, lon]. */
  via: Type.Array(Type.Tuple([Type.Number(), Type.Number()])),
});
export type Reach = Static<typeof Reach>;
