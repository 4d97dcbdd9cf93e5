import { GaugeId, StationId, StationKind } from '@siaga/protocol';
import { type Static, Type } from 'typebox';
import { AlarmSettings } from '../alarms/settings.ts';

const strict = { additionalProperties: false } as const;
const Text = Type.String({ minLength: 1, maxLength: 120 });
const Time = Type.String({ format: 'date-time' });
const StageMm = Type.Integer({ minimum: -1_000_000, maximum: 10_000_000 });
const Lat = Type.Number({ minimum: -90, maximum: 90 });
const Lon = Type.Number({ minimum: -180, maximum: 180 });

const DeploymentEntry = Type.Object(
  {
    name: Text,
    timeZone: Text,
    bounds: Type.Tuple([Lat, Lon, Lat, Lon], { description: 'south, west, north, east' }),
    tiles: Type.Optional(Type.Object({ url: Type.String({ minLength: 1 }), attribution: Type.String() }, strict)),
  },
  strict,
);

const BasinEntry = Type.Object({ id: GaugeId, name: Text }, strict);

export const ThresholdEntry = Type.Object(
  {
    severity: Type.Enum(['alert', 'warning', 'danger']),
    label: Text,
    fromMm: StageMm,
    validFrom: Time,
    validTo: Type.Optional(Time),
  },
  strict,
);
export type ThresholdEntry = Static<typeof ThresholdEntry>;

const CalibrationEntry = Type.Object(
  {
    validFrom: Time,
    sensorElevationMm: StageMm,
    faceOffsetMm: Type.Integer({ minimum: -10_000, maximum: 10_000 }),
    benchmark: Type.Optional(Text),
    surveyedOn: Type.Optional(Type.String({ format: 'date' })),
    relevelDue: Type.Optional(Type.String({ format: 'date' })),
  },
  strict,
);

export const GaugeEntry = Type.Object(
  {
    id: GaugeId,
    model: Text,
    blankingMm: Type.Integer({ minimum: 0, maximum: 10_000 }),
    calibrations: Type.Array(CalibrationEntry),
  },
  strict,
);
export type GaugeEntry = Static<typeof GaugeEntry>;

export const StationEntry = Type.Object(
  {
    id: StationId,
    name: Text,
    kind: StationKind,
    basin: GaugeId,
    lat: Lat,
    lon: Lon,
    staleCapS: Type.Integer({ minimum: 1, maximum: 604_800 }),
    deadBandMm: Type.Integer({ minimum: 0, maximum: 10_000 }),
    normalLabel: Text,
    thresholds: Type.Array(ThresholdEntry),
    gauges: Type.Array(GaugeEntry),
  },
  strict,
);
export type StationEntry = Static<typeof StationEntry>;

export const ReachEntry = Type.Object(
  {
    id: GaugeId,
    from: StationId,
    to: StationId,
    river: Text,
    travelHours: Type.Object(
      { min: Type.Number({ minimum: 0, maximum: 1000 }), max: Type.Number({ minimum: 0, maximum: 1000 }) },
      strict,
    ),
    via: Type.Optional(Type.Array(Type.Tuple([Lat, Lon]), { maxItems: 1000 })),
  },
  strict,
);
export type ReachEntry = Static<typeof ReachEntry>;

/** The catalogue file as it is written: see docs/catalogue.md for every field. */
export const CatalogueFile = Type.Object(
  {
    deployment: DeploymentEntry,
    basins: Type.Array(BasinEntry),
    stations: Type.Array(StationEntry),
    reaches: Type.Optional(Type.Array(ReachEntry)),
    alarms: Type.Optional(AlarmSettings),
  },
  strict,
);
export type CatalogueFile = Static<typeof CatalogueFile>;
