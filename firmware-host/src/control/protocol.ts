/**
 * What is said over `<data>/control.sock` between a running agent and the person beside it: one JSON object a
 * line. A request is answered by one line, `{ok: true, …}` or `{ok: false, error}`; after `tail`'s answer come
 * events until the connection ends.
 */
import { BootId, clockStates, GaugeId, lineProblems } from '@siaga/protocol';
import { type Static, Type } from 'typebox';

const Count = Type.Integer({ minimum: 0 });
const Ms = Type.Number();
const OrNull = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);
const Text = Type.String({ maxLength: 400 });

/** Longest line either side takes, in bytes. */
export const maxLineBytes = 64 * 1024;

export const ControlRequest = Type.Union([
  Type.Object({ do: Type.Literal('status') }),
  Type.Object({ do: Type.Literal('tail') }),
  Type.Object({
    do: Type.Literal('maintenance'),
    untilMs: OrNull(Ms),
    by: Type.Optional(Type.String({ maxLength: 120 })),
  }),
  Type.Object({ do: Type.Literal('measure'), gauge: GaugeId, pings: Type.Integer({ minimum: 1, maximum: 100 }) }),
  Type.Object({ do: Type.Literal('calibrations-changed') }),
  Type.Object({ do: Type.Literal('settings') }),
  /** Publishes health and waits for its PUBACK. */
  Type.Object({ do: Type.Literal('ping-uplink') }),
]);
export type ControlRequest = Static<typeof ControlRequest>;

const ControlGauge = Type.Object({
  gauge: GaugeId,
  port: Text,
  sensor: Text,
  link: Type.Enum(['open', 'closed']),
  problem: OrNull(Type.Enum(lineProblems)),
  frames: Count,
  badFrames: Count,
  discardedBytes: Count,
  bursts: Count,
  reopens: Count,
  lastFrameAtMs: OrNull(Ms),
  identity: Type.Array(Text, { maxItems: 16 }),
  /** What the sensor's answers say that a person should see to. */
  advice: Type.Array(Text, { maxItems: 16 }),
});

/** What a running agent says of itself. Counts are of the present run; what an agent has not got is null. */
export const ControlStatus = Type.Object({
  station: Text,
  pid: Count,
  version: Text,
  startedAtMs: Ms,
  nowMs: Ms,
  boot: BootId,
  clock: Type.Enum(clockStates),
  stream: Text,
  lastSeq: Count,
  stored: Count,
  notStored: Count,
  lost: Count,
  backlog: Count,
  oldestWaitingAtMs: OrNull(Ms),
  /** Null: this agent has no uplink. */
  uplink: OrNull(
    Type.Object({
      url: Text,
      connected: Type.Boolean(),
      reconnects: Count,
      publishes: Count,
      acks: Count,
      receipts: Count,
      /** Why the last connection ended or failed. */
      reason: OrNull(Text),
    }),
  ),
  maintenanceUntilMs: OrNull(Ms),
  cadence: OrNull(Type.Object({ sampleS: Type.Number(), reportS: Type.Number(), reason: Text })),
  gauges: Type.Array(ControlGauge, { maxItems: 16 }),
});
export type ControlStatus = Static<typeof ControlStatus>;

const Decoded = Type.Union([
  Type.Object({
    kind: Type.Literal('sample'),
    sample: Type.Object({ echo: Text, distanceMm: Type.Optional(Type.Number()) }),
  }),
  Type.Object({ kind: Type.Enum(['identity', 'problem']), text: Text }),
]);

export const Measured = Type.Object({
  gauge: GaugeId,
  distanceMm: OrNull(Type.Number()),
  echo: Text,
  spreadMm: OrNull(Type.Number()),
  validPercent: Type.Number(),
  /** The sensor's own distance, before the correction for the air's temperature. */
  rawDistanceMm: OrNull(Type.Number()),
  pings: Count,
});
export type Measured = Static<typeof Measured>;

export const Settings = Type.Record(Type.String(), Type.Union([Type.Number(), Type.String(), Type.Boolean()]));
export type Settings = Static<typeof Settings>;

export const TailEvent = Type.Union([
  /** Bytes as they came from the line, in hex, and what they completed. */
  Type.Object({
    event: Type.Literal('heard'),
    gauge: GaugeId,
    atMs: Ms,
    hex: Type.String(),
    decoded: Type.Array(Decoded),
    badFrames: Count,
    discardedBytes: Count,
  }),
  Type.Object({
    event: Type.Literal('line'),
    gauge: GaugeId,
    atMs: Ms,
    link: Type.Enum(['open', 'closed']),
    reason: Text,
    problem: OrNull(Type.Enum(lineProblems)),
  }),
  /** A reading that is on the disk. */
  Type.Object({
    event: Type.Literal('reading'),
    gauge: GaugeId,
    seq: Count,
    observedAtMs: Ms,
    distanceMm: OrNull(Type.Number()),
    echo: Text,
    spreadMm: OrNull(Type.Number()),
    validPercent: OrNull(Type.Number()),
    flag: Type.Number(),
    test: Text,
    clock: Type.Enum(clockStates),
    maintenance: Type.Boolean(),
  }),
]);
export type TailEvent = Static<typeof TailEvent>;

/**
 * What an agent does for those who ask. A rejection's message goes to the person who asked. No call may take
 * the agent from its work: the server bounds how many run at a time, and drops a listener that does not read.
 */
export type ControlHandlers = {
  status(): ControlStatus | Promise<ControlStatus>;
  /** Sends what happens from now on, until the function it gives back is called. */
  tail(send: (event: TailEvent) => void): () => void;
  /** `untilMs` by the agent's clock; null ends it. */
  maintenance(order: { untilMs: number | null; by: string | null }): Promise<void>;
  measure(order: { gauge: string; pings: number }): Promise<Measured>;
  calibrationsChanged(): Promise<void>;
  settings(): Settings | Promise<Settings>;
  /** Publishes health; resolves with the milliseconds until its PUBACK. Rejects while there is no link. */
  pingUplink(): Promise<number>;
};
