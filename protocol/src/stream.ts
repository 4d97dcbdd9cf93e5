import { type Static, Type } from 'typebox';
import { Alarm, AlarmGroup, Drill } from './alarm.ts';
import { Episode } from './episode.ts';
import { StationId } from './identity.ts';
import { parserOf } from './parse.ts';
import { PersonName, SessionInfo } from './people.ts';
import { OfficialStatus, Reach, StationLevel, StationPicture, StationValue, Works } from './station.ts';

const Time = Type.String({ format: 'date-time' });
const NullableTime = Type.Union([Time, Type.Null()]);

const numbered = { seq: Type.Integer({ minimum: 1 }), knownAt: Time };

/** The after-image of one judgement or decision. `seq` numbers are without holes within an epoch, in order of commit. */
export const Change = Type.Union([
  Type.Object({ ...numbered, kind: Type.Literal('station'), id: StationId, level: StationLevel }),
  /** An episode as it is known now; without `episode` it turned out not to have been. */
  Type.Object({
    ...numbered,
    kind: Type.Literal('episode'),
    id: StationId,
    since: Time,
    severity: Type.Integer({ minimum: 1, maximum: 3 }),
    episode: Type.Union([Episode, Type.Null()]),
  }),
  Type.Object({
    ...numbered,
    kind: Type.Literal('official'),
    id: StationId,
    official: Type.Union([OfficialStatus, Type.Null()]),
  }),
  Type.Object({ ...numbered, kind: Type.Literal('works'), id: StationId, works: Works }),
  Type.Object({ ...numbered, kind: Type.Literal('alarm'), id: Type.String(), alarm: Alarm }),
  Type.Object({ ...numbered, kind: Type.Literal('group'), id: Type.String(), group: AlarmGroup }),
  Type.Object({ ...numbered, kind: Type.Literal('drill'), id: Type.String(), drill: Drill }),
  /** Something that this client may not see: its number keeps the row whole. */
  Type.Object({ ...numbered, kind: Type.Literal('withheld') }),
]);
export type Change = Static<typeof Change>;
export type ChangeOf<K extends Change['kind']> = Extract<Change, { kind: K }>;

/** The changes of one kind, in order. */
export function changesOfKind<K extends Change['kind']>(changes: readonly Change[], kind: K): ChangeOf<K>[] {
  return changes.filter((change): change is ChangeOf<K> => change.kind === kind);
}

/** What only signed-in people see of the present. Alarms and groups are those that are open. */
export const StaffPicture = Type.Object({
  session: SessionInfo,
  alarms: Type.Array(Alarm),
  groups: Type.Array(AlarmGroup),
  drills: Type.Array(Drill),
  people: Type.Array(PersonName),
});
export type StaffPicture = Static<typeof StaffPicture>;

/** Where the map lies and what to paint under it; from the deployment's settings. */
export const Deployment = Type.Object({
  name: Type.String(),
  timeZone: Type.String({ description: 'IANA name, e.g. Asia/Jakarta' }),
  bounds: Type.Array(Type.Number(), { minItems: 4, maxItems: 4, description: 'south, west, north, east' }),
  tiles: Type.Union([Type.Object({ url: Type.String(), attribution: Type.String() }), Type.Null()], {
    description: 'Raster template, or a .pmtiles file',
  }),
});
export type Deployment = Static<typeof Deployment>;

/** `GET /snapshot`: the state of everything at change `seq`; the stream goes on from there. */
export const Snapshot = Type.Object(
  {
    epoch: Type.String(),
    seq: Type.Integer({ minimum: 0 }),
    serverTime: Time,
    speed: Type.Number({ description: "How fast the server's clock runs; 1 but in replays" }),
    watermark: Type.Union([Time, Type.Null()], { description: 'When the newest message was committed' }),
    build: Type.String(),
    deployment: Deployment,
    stations: Type.Array(StationPicture),
    reaches: Type.Array(Reach),
    basins: Type.Array(Type.Object({ id: Type.String(), name: Type.String() })),
    /** Null for who is not signed in. */
    staff: Type.Union([StaffPicture, Type.Null()]),
  },
  { $id: 'Snapshot' },
);
export type Snapshot = Static<typeof Snapshot>;

/** SSE `delta`: numbered changes, and the newest value of each station that got one. Id: `epoch:seq`. */
export const Delta = Type.Object({
  serverTime: Time,
  changes: Type.Array(Change),
  values: Type.Array(Type.Object({ id: StationId, value: StationValue })),
});
export type Delta = Static<typeof Delta>;

/** SSE `hb`, every 5 real seconds: proof of life with the clock to count ages by. */
export const Heartbeat = Type.Object({
  epoch: Type.String(),
  seq: Type.Integer({ minimum: 0 }),
  serverTime: Time,
  speed: Type.Number(),
  watermark: NullableTime,
  build: Type.String(),
});
export type Heartbeat = Static<typeof Heartbeat>;

/** SSE `reset`: the client's place is unknown here (another epoch, or too long ago): take a new snapshot. */
export const Reset = Type.Object({ reason: Type.Union([Type.Literal('epoch'), Type.Literal('gap')]) });
export type Reset = Static<typeof Reset>;

export const parseSnapshot = parserOf(Snapshot);
export const parseDelta = parserOf(Delta);
export const parseHeartbeat = parserOf(Heartbeat);

/** A place in the numbered changes, as SSE ids and `?from=` carry it. */
export function placeToText(place: { epoch: string; seq: number }): string {
  return `${place.epoch}:${place.seq}`;
}

export function placeFromText(text: string): { epoch: string; seq: number } | undefined {
  const match = /^([a-z0-9]{1,64}):(\d{1,15})$/.exec(text);
  return match ? { epoch: match[1] as string, seq: Number(match[2]) } : undefined;
}
