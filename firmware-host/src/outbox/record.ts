/**
 * One record of the log: payload length (u32), CRC-32C of all that follows (u32), seq (u64), payload (JSON).
 * Little endian. The payload is a row, not an object: it is written once a minute for a year.
 */
import { clockStates, echoes, type Flag, parserOf, qcTests } from '@siaga/protocol';
import { Type } from 'typebox';
import { crc32c } from './crc32c.ts';
import type { Draft, StoredReading } from './outbox.ts';

const headerBytes = 16;
const maxPayloadLength = 4096;

const fields = [
  Type.String(),
  Type.String(),
  Type.Integer(),
  Type.Integer({ minimum: 0, maximum: 1 }),
  Type.Integer(),
  Type.Union([Type.Integer(), Type.Null()]),
  Type.Integer({ minimum: 0, maximum: echoes.length - 1 }),
  Type.Union([Type.Integer(), Type.Null()]),
  Type.Integer(),
  Type.Union([Type.Integer(), Type.Null()]),
  Type.Integer(),
  Type.Integer({ minimum: 0, maximum: qcTests.length - 1 }),
  Type.Integer({ minimum: 0, maximum: clockStates.length - 1 }),
] as const;
/** Records of before the monotonic stamp lack it: an upgrade must read what its predecessor wrote. */
const parseRow = parserOf(
  Type.Union([Type.Tuple([...fields]), Type.Tuple([...fields, Type.Union([Type.Number(), Type.Null()])])]),
);

export function encodeRecord(seq: number, { gauge, boot, intervalS, maintenance, monoMs, reading }: Draft): Buffer {
  const row = [
    gauge,
    boot,
    intervalS,
    maintenance ? 1 : 0,
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
  ];
  const payload = Buffer.from(JSON.stringify(row));
  const record = Buffer.alloc(headerBytes + payload.length);
  record.writeUInt32LE(payload.length, 0);
  record.writeBigUInt64LE(BigInt(seq), 8);
  payload.copy(record, headerBytes);
  record.writeUInt32LE(crc32c(record.subarray(8)), 4);
  return record;
}

export type RecordPlace = { readonly seq: number; readonly at: number; readonly length: number };

/** The whole, undamaged record that begins at `at`, or null. */
export function recordAt(bytes: Buffer, at: number): RecordPlace | null {
  if (at + headerBytes > bytes.length) return null;
  const payloadLength = bytes.readUInt32LE(at);
  const end = at + headerBytes + payloadLength;
  if (payloadLength === 0 || payloadLength > maxPayloadLength || end > bytes.length) return null;
  if (bytes.readUInt32LE(at + 4) !== crc32c(bytes.subarray(at + 8, end))) return null;
  const seq = Number(bytes.readBigUInt64LE(at + 8));
  return Number.isSafeInteger(seq) && seq > 0 ? { seq, at, length: end - at } : null;
}

/** The reading in a record that `recordAt` found; null when its payload is not ours. */
export function decodeRecord(bytes: Buffer, { seq, at, length }: RecordPlace, stream: string): StoredReading | null {
  const row = parseRow(jsonOf(bytes.subarray(at + headerBytes, at + length)));
  if (!row.ok) return null;
  const [
    gauge,
    boot,
    intervalS,
    maintenance,
    observedAtMs,
    distanceMm,
    echo,
    spreadMm,
    valid,
    temp,
    flag,
    test,
    clock,
    monoMs = null,
  ] = row.value;
  return {
    stream,
    gauge,
    boot,
    intervalS,
    maintenance: maintenance === 1,
    monoMs,
    reading: {
      seq,
      observedAtMs,
      distanceMm,
      echo: echoes[echo] ?? 'none',
      spreadMm,
      validPercent: valid,
      temperatureDeciC: temp,
      flag: flag as Flag,
      test: qcTests[test] ?? 'none',
      clock: clockStates[clock] ?? 'unsynced',
    },
  };
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return null;
  }
}
