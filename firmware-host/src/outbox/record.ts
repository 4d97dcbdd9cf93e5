/**
 * One record of the log: payload length (u32), CRC-32C of all that follows (u32), seq (u64), payload (JSON).
 * Little endian. It is written once a minute for a year, so what many readings share stands once, in a head:
 *
 *   [3,1391040000000,2345,0,2,100,null,1,0,0,3600000]     a reading under head 3
 *   {"head":3,"gauge":"main","boot":"…","intervalS":60,"maintenance":0}
 *   ["main","<boot>",60,0,1391040000000,2345,…]           a reading as agents before version 2 wrote it
 *
 * Heads are numbered within their segment and repeated, so that damage to one copy loses few readings.
 */
import { clockStates, echoes, type Flag, parserOf, qcTests } from '@siaga/protocol';
import { Type } from 'typebox';
import { crc32c } from './crc32c.ts';
import type { Draft, StoredReading } from './outbox.ts';

export const headerBytes = 16;
export const maxPayloadBytes = 4096;

export type Head = Pick<Draft, 'gauge' | 'boot' | 'intervalS' | 'maintenance'>;
export type RecordPlace = { readonly seq: number; readonly at: number; readonly length: number };

const Bit = Type.Integer({ minimum: 0, maximum: 1 });
const NullableInteger = Type.Union([Type.Integer(), Type.Null()]);
const shared = [Type.String(), Type.String(), Type.Integer(), Bit] as const;
const own = [
  Type.Integer(),
  NullableInteger,
  Type.Integer({ minimum: 0, maximum: echoes.length - 1 }),
  NullableInteger,
  Type.Integer(),
  NullableInteger,
  Type.Integer(),
  Type.Integer({ minimum: 0, maximum: qcTests.length - 1 }),
  Type.Integer({ minimum: 0, maximum: clockStates.length - 1 }),
] as const;
const MonoMs = Type.Union([Type.Number(), Type.Null()]);

/** What was added for the temperature of the air stands last, and only where something was. */
const parseRow = parserOf(
  Type.Union([
    Type.Tuple([Type.Integer(), ...own, MonoMs]),
    Type.Tuple([Type.Integer(), ...own, MonoMs, Type.Integer()]),
  ]),
);
const parseOldRow = parserOf(Type.Union([Type.Tuple([...shared, ...own]), Type.Tuple([...shared, ...own, MonoMs])]));
const parseHead = parserOf(
  Type.Object({
    head: Type.Integer({ minimum: 1 }),
    gauge: Type.String(),
    boot: Type.String(),
    intervalS: Type.Integer(),
    maintenance: Bit,
  }),
);

/** A record around any payload of at most `maxPayloadBytes`. */
export function encodeRecord(seq: number, payload: Buffer): Buffer {
  const record = Buffer.allocUnsafe(headerBytes + payload.length);
  record.writeUInt32LE(payload.length, 0);
  record.writeBigUInt64LE(BigInt(seq), 8);
  payload.copy(record, headerBytes);
  record.writeUInt32LE(crc32c(record, 8), 4);
  return record;
}

export function encodeHead(seq: number, key: number, { gauge, boot, intervalS, maintenance }: Head): Buffer {
  const head = { head: key, gauge, boot, intervalS, maintenance: maintenance ? 1 : 0 };
  return encodeRecord(seq, Buffer.from(JSON.stringify(head)));
}

export function encodeReading(seq: number, key: number, { monoMs, reading }: Pick<Draft, 'monoMs' | 'reading'>) {
  const row = [
    key,
    reading.observedAtMs,
    reading.distanceMm,
    echoes.indexOf(reading.echo),
    reading.spreadMm,
    reading.validPercent,
    reading.temperatureDeciC,
    reading.flag,
    qcTests.indexOf(reading.test),
    clockStates.indexOf(reading.clock),
    monoMs,
    ...(reading.correctionMm === undefined ? [] : [reading.correctionMm]),
  ];
  return encodeRecord(seq, Buffer.from(JSON.stringify(row)));
}

/** The whole, undamaged record that begins at `at`, or null. */
export function recordAt(bytes: Buffer, at: number): RecordPlace | null {
  if (at + headerBytes > bytes.length) return null;
  const payloadLength = bytes.readUInt32LE(at);
  const end = at + headerBytes + payloadLength;
  if (payloadLength === 0 || payloadLength > maxPayloadBytes || end > bytes.length) return null;
  if (bytes.readUInt32LE(at + 4) !== crc32c(bytes, at + 8, end)) return null;
  const seq = Number(bytes.readBigUInt64LE(at + 8));
  return Number.isSafeInteger(seq) && seq > 0 ? { seq, at, length: end - at } : null;
}

/** Whether a record that `recordAt` found holds a reading; the others speak of the segment. */
export function isReading(bytes: Buffer, { at }: RecordPlace): boolean {
  return bytes[at + headerBytes] === 0x5b;
}

/** The payload of a record that `recordAt` found; null where it is no JSON. */
export function payloadOf(bytes: Buffer, { at, length }: RecordPlace): unknown {
  try {
    return JSON.parse(bytes.toString('utf8', at + headerBytes, at + length));
  } catch {
    return null;
  }
}

/** A head and its number; null for any other payload. */
export function headOf(payload: unknown): { key: number; head: Head } | null {
  const parsed = parseHead(payload);
  if (!parsed.ok) return null;
  const { head: key, gauge, boot, intervalS, maintenance } = parsed.value;
  return { key, head: { gauge, boot, intervalS, maintenance: maintenance === 1 } };
}

/** The reading in a record; null when its payload is not ours or its head is lost. */
export function decodeReading(
  bytes: Buffer,
  place: RecordPlace,
  heads: ReadonlyMap<number, Head>,
  stream: string,
): StoredReading | null {
  const payload = payloadOf(bytes, place);
  const row = parseRow(payload);
  if (row.ok) {
    const [key, ...columns] = row.value;
    const head = heads.get(key);
    return head ? readingOf(stream, place.seq, head, columns) : null;
  }
  const old = parseOldRow(payload);
  if (!old.ok) return null;
  const [gauge, boot, intervalS, maintenance, ...columns] = old.value;
  return readingOf(stream, place.seq, { gauge, boot, intervalS, maintenance: maintenance === 1 }, columns);
}

type Columns = [number, number | null, number, number | null, number, number | null, number, number, number];

function readingOf(
  stream: string,
  seq: number,
  head: Head,
  [observedAtMs, distanceMm, echo, spreadMm, valid, temperature, flag, test, clock, monoMs = null, correctionMm]:
    | Columns
    | [...Columns, number | null]
    | [...Columns, number | null, number],
): StoredReading {
  return {
    stream,
    gauge: head.gauge,
    boot: head.boot,
    intervalS: head.intervalS,
    maintenance: head.maintenance,
    monoMs,
    reading: {
      seq,
      observedAtMs,
      distanceMm,
      echo: echoes[echo] ?? 'none',
      spreadMm,
      validPercent: valid,
      temperatureDeciC: temperature,
      ...(correctionMm === undefined ? {} : { correctionMm }),
      flag: flag as Flag,
      test: qcTests[test] ?? 'none',
      clock: clockStates[clock] ?? 'unsynced',
    },
  };
}
