import { type Static, Type } from 'typebox';
import {
  BootId,
  type GaugeId,
  GaugeId as GaugeIdSchema,
  Seq,
  type StreamId,
  StreamId as StreamIdSchema,
} from './identity.ts';
import { maxPayloadBytes, maxRangesPerMessage, maxReadingsPerMessage } from './limits.ts';
import { decodeJson, encodeJson, parserOf } from './parse.ts';
import { type ClockState, clockStates, type Echo, echoes, Flag, type QcTest, qcTests } from './quality.ts';
import { type Parsed, parsed, refused } from './result.ts';
import type { SeqRanges } from './seq-ranges.ts';

/** One observation by one gauge. Its identity is (station, stream, seq); a correction carries a higher `rev`. */
export type Reading = {
  readonly seq: number;
  readonly observedAtMs: number;
  /** From the sensor's face to the water; null when nothing was measured; an upper limit under `blanking`. */
  readonly distanceMm: number | null;
  readonly echo: Echo;
  /** Median absolute deviation of the burst's samples. */
  readonly spreadMm: number | null;
  /** Share of the burst's pings that gave a sample, 0–100. */
  readonly validPercent: number;
  /** Air temperature beside the sensor in tenths of a degree Celsius. */
  readonly temperatureDeciC: number | null;
  /**
   * What the agent added to the sensor's own distance, in mm, for the temperature of the air that its sound went
   * through: the sensor said distanceMm − correctionMm. Absent where nothing was corrected.
   */
  readonly correctionMm?: number;
  readonly flag: Flag;
  /** The test that set the flag; `none` under flags 1 and 2. */
  readonly test: QcTest;
  readonly clock: ClockState;
};

/** Readings that share what a message says once, in order of `seq`; a station's gauges take their numbers in turn. */
export type ReadingsBatch = {
  readonly stream: StreamId;
  readonly boot: string;
  readonly rev: number;
  readonly gauge: GaugeId;
  /** The reporting interval in force, in seconds. */
  readonly intervalS: number;
  /** A technician is at work: these readings judge nothing. */
  readonly maintenance: boolean;
  readonly readings: readonly Reading[];
  /** Sequence numbers that the device had to drop; they count as settled. */
  readonly lost: SeqRanges;
};

const maxTimeMs = Date.UTC(2200, 0, 1);
const maxDistanceMm = 100_000;
const maxCorrectionMm = 10_000;

/** A column with one value for all, or one a reading. */
function columnOf<S extends Parameters<typeof Type.Array>[0]>(item: S) {
  return Type.Union([item, Type.Array(item, { maxItems: maxReadingsPerMessage })]);
}

const Delta = Type.Integer({ minimum: -maxTimeMs, maximum: maxTimeMs });
const NullableDeltaMm = Type.Union([
  Type.Integer({ minimum: -2 * maxDistanceMm, maximum: 2 * maxDistanceMm }),
  Type.Null(),
]);
const Step = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const Code = (count: number) => Type.Integer({ minimum: 0, maximum: count - 1 });

/**
 * Wire form of `flood/v1/<station>/readings`. `t` (ms UTC) and `d` (distance, mm) hold the first value
 * and then differences; a null distance is passed over by the next difference. Other columns hold one
 * value for all readings or one each. Without `s` the numbers follow each other from `seq` on; with it they
 * rise by its steps: one for all, or one from each reading to the next.
 */
export const ReadingsMessage = Type.Object(
  {
    v: Type.Literal(1),
    stream: StreamIdSchema,
    boot: BootId,
    seq: Seq,
    s: Type.Optional(Type.Union([Step, Type.Array(Step, { maxItems: maxReadingsPerMessage - 1 })])),
    rev: Type.Integer({ minimum: 0, maximum: 1_000_000 }),
    gauge: GaugeIdSchema,
    intervalS: Type.Integer({ minimum: 1, maximum: 86_400 }),
    maintenance: Type.Optional(Type.Literal(true)),
    t: Type.Array(Delta, { maxItems: maxReadingsPerMessage }),
    d: Type.Array(NullableDeltaMm, { maxItems: maxReadingsPerMessage }),
    echo: columnOf(Code(echoes.length)),
    spread: columnOf(Type.Union([Type.Integer({ minimum: 0, maximum: maxDistanceMm }), Type.Null()])),
    valid: columnOf(Type.Integer({ minimum: 0, maximum: 100 })),
    temp: Type.Optional(columnOf(Type.Union([Type.Integer({ minimum: -1000, maximum: 1000 }), Type.Null()]))),
    corr: Type.Optional(columnOf(Type.Integer({ minimum: -maxCorrectionMm, maximum: maxCorrectionMm }))),
    flag: columnOf(Flag),
    test: columnOf(Code(qcTests.length)),
    clock: columnOf(Code(clockStates.length)),
    lost: Type.Optional(
      Type.Array(Type.Object({ from: Seq, to: Seq }, { additionalProperties: false }), {
        maxItems: maxRangesPerMessage,
      }),
    ),
  },
  { additionalProperties: false, $id: 'ReadingsMessage' },
);
export type ReadingsMessage = Static<typeof ReadingsMessage>;

const parseMessage = parserOf(ReadingsMessage);

/** Bytes of a readings message. `batch.readings` must be in order of `seq`. */
export function encodeReadings(batch: ReadingsBatch): Uint8Array {
  return encodeJson(toMessage(batch));
}

/** Reads a readings message; never throws. */
export function decodeReadings(bytes: Uint8Array): Parsed<ReadingsBatch> {
  if (bytes.byteLength > maxPayloadBytes) return refused(`message is longer than ${maxPayloadBytes} bytes`);
  const message = decodeJson(bytes, parseMessage);
  return message.ok ? fromMessage(message.value) : message;
}

function toMessage(batch: ReadingsBatch): ReadingsMessage {
  const { readings } = batch;
  const temperatures = readings.map((reading) => reading.temperatureDeciC);
  const corrections = readings.map((reading) => reading.correctionMm ?? 0);
  return {
    v: 1,
    stream: batch.stream,
    boot: batch.boot,
    seq: readings[0]?.seq ?? 1,
    ...stepsOf(readings),
    rev: batch.rev,
    gauge: batch.gauge,
    intervalS: batch.intervalS,
    ...(batch.maintenance ? { maintenance: true as const } : {}),
    t: differences(readings.map((reading) => reading.observedAtMs)) as number[],
    d: differences(readings.map((reading) => reading.distanceMm)),
    echo: column(
      readings.map((reading) => echoes.indexOf(reading.echo)),
      0,
    ),
    spread: column(
      readings.map((reading) => reading.spreadMm),
      0,
    ),
    valid: column(
      readings.map((reading) => reading.validPercent),
      0,
    ),
    ...(temperatures.some((value) => value !== null) ? { temp: column(temperatures, null) } : {}),
    ...(corrections.some((value) => value !== 0) ? { corr: column(corrections, 0) } : {}),
    flag: column(
      readings.map((reading) => reading.flag),
      1,
    ),
    test: column(
      readings.map((reading) => qcTests.indexOf(reading.test)),
      0,
    ),
    clock: column(
      readings.map((reading) => clockStates.indexOf(reading.clock)),
      0,
    ),
    ...(batch.lost.length > 0 ? { lost: batch.lost.map(([from, to]) => ({ from, to })) } : {}),
  };
}

function fromMessage(message: ReadingsMessage): Parsed<ReadingsBatch> {
  const count = message.t.length;
  const { lost = [], temp = null, corr = 0 } = message;
  if (count === 0 && lost.length === 0) return refused('message holds neither readings nor lost ranges');
  const columns = {
    d: message.d,
    echo: message.echo,
    spread: message.spread,
    valid: message.valid,
    temp,
    corr,
    flag: message.flag,
    test: message.test,
    clock: message.clock,
  };
  for (const [name, column] of Object.entries(columns))
    if (Array.isArray(column) && column.length !== count)
      return refused(`${name}: ${column.length} values for ${count} times`);
  if (lost.some(({ from, to }) => from > to)) return refused('lost: a range ends before it begins');
  const seqs = seqsOf(message);
  if (seqs === null) return refused(`s: ${(message.s as number[]).length} steps between ${count} readings`);
  if ((seqs.at(-1) ?? message.seq) >= Number.MAX_SAFE_INTEGER) return refused('seq: too large');

  const times = sums(message.t);
  if (times.some((time) => time === null || time < 0 || time > maxTimeMs))
    return refused('t: a time outside 1970–2200');
  const distances = sums(message.d);
  if (distances.some((distance) => distance !== null && Math.abs(distance) > maxDistanceMm))
    return refused(`d: a distance beyond ${maxDistanceMm} mm`);

  const readings = times.map(
    (time, i): Reading => ({
      seq: seqs[i] as number,
      observedAtMs: time as number,
      distanceMm: distances[i] as number | null,
      echo: echoes[at(message.echo, i)] as Echo,
      spreadMm: at(message.spread, i),
      validPercent: at(message.valid, i),
      temperatureDeciC: at(temp, i),
      ...(at(corr, i) === 0 ? {} : { correctionMm: at(corr, i) }),
      flag: at(message.flag, i),
      test: qcTests[at(message.test, i)] as QcTest,
      clock: clockStates[at(message.clock, i)] as ClockState,
    }),
  );
  return parsed({
    stream: message.stream,
    boot: message.boot,
    rev: message.rev,
    gauge: message.gauge,
    intervalS: message.intervalS,
    maintenance: message.maintenance === true,
    readings,
    lost: lost.map(({ from, to }) => [from, to] as const),
  });
}

/** Nothing where the numbers follow each other. */
function stepsOf(readings: readonly Reading[]): { s?: number | number[] } {
  const steps = readings.slice(1).map(({ seq }, i) => seq - (readings[i] as Reading).seq);
  const s = column(steps, 1);
  return s === 1 ? {} : { s };
}

/** The number of each reading; null where there are more or fewer steps than readings ask for. */
function seqsOf({ seq, s = 1, t }: ReadingsMessage): number[] | null {
  if (Array.isArray(s) && s.length !== Math.max(0, t.length - 1)) return null;
  let next = seq;
  return t.map((_, i) => {
    if (i > 0) next += at(s, i - 1);
    return next;
  });
}

function at<T>(column: T | T[], index: number): T {
  return Array.isArray(column) ? (column[index] as T) : column;
}

/** One value where all are equal, else one each. */
function column<T>(values: T[], whenEmpty: T): T | T[] {
  const [first = whenEmpty] = values;
  return values.every((value) => value === first) ? first : values;
}

function differences(values: readonly (number | null)[]): (number | null)[] {
  let previous = 0;
  return values.map((value) => {
    if (value === null) return null;
    const difference = value - previous;
    previous = value;
    return difference;
  });
}

function sums(differences: readonly (number | null)[]): (number | null)[] {
  let sum = 0;
  return differences.map((difference) => {
    if (difference === null) return null;
    sum += difference;
    return sum;
  });
}

/** Cuts readings in order of `seq` into runs of consecutive ones, none longer than a message may be. */
export function consecutiveRuns<T extends { readonly seq: number }>(
  readings: readonly T[],
  maxLength = maxReadingsPerMessage,
): T[][] {
  const runs: T[][] = [];
  for (const reading of readings) {
    const run = runs.at(-1);
    const follows = run !== undefined && run.length < maxLength && (run.at(-1) as T).seq + 1 === reading.seq;
    if (follows) run.push(reading);
    else runs.push([reading]);
  }
  return runs;
}
