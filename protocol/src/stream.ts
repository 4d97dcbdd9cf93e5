import { type Static, Type } from 'typebox';
import { StationId } from './identity.ts';
import { parserOf } from './parse.ts';
import { Reach, StationLevel, StationPicture, StationValue } from './station.ts';

const Time = Type.String({ format: 'date-time' });
const NullableTime = Type.Union([Time, Type.Null()]);

/** The after-image of one judgement. `seq` numbers are without holes within an epoch and in order of commit. */
export const Change = Type.Object({
  seq: Type.Integer({ minimum: 1 }),
  knownAt: Time,
  kind: Type.Literal('station'),
  id: StationId,
  level: StationLevel,
});
export type Change = Static<typeof Change>;

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
