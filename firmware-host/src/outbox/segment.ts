/**
 * The bytes of one segment.
 *
 *   {"siaga":2,"stream":"…","every":1}      opens it: format, stream, and whether it was thinned
 *   heads and readings                      (record.ts)
 *   {"seal":[[1,3120]],…}                   closes it: what it holds, so that a start need not read it all
 *
 * A segment of before version 2 has readings only. A seal is written without a sync: without it, or with a
 * length that is not its own, the segment is read whole. What a sealed segment holds is proved when it is read.
 *
 * Damage in the middle: what follows is trusted only where whole records resynchronise: right length, right
 * CRC, and a seq above the one before. The chance that rubbish passes is one in four thousand million for each
 * place tried. What lies between is counted and its numbers become lost.
 */
import { parserOf, type SeqRanges, StreamId } from '@siaga/protocol';
import { Type } from 'typebox';
import { rangesOf } from './ledger.ts';
import type { Draft } from './outbox.ts';
import {
  encodeHead,
  encodeReading,
  encodeRecord,
  type Head,
  headerBytes,
  headOf,
  isReading,
  maxPayloadBytes,
  payloadOf,
  type RecordPlace,
  recordAt,
} from './record.ts';

export type SegmentScan = {
  /** The readings' places, in order. */
  readonly records: readonly RecordPlace[];
  readonly heads: ReadonlyMap<number, Head>;
  readonly stream: StreamId | null;
  /** One in so many readings was kept when it was thinned; 1 for untouched. */
  readonly every: number;
  readonly sealed: boolean;
  /** Where the last whole record ends: the length to truncate to. */
  readonly endAt: number;
  /** Bytes between records that belong to none. */
  readonly damagedBytes: number;
};

const parseOpening = parserOf(
  Type.Object({ siaga: Type.Literal(2), stream: StreamId, every: Type.Integer({ minimum: 1 }) }),
);
const Range = Type.Tuple([Type.Integer({ minimum: 1 }), Type.Integer({ minimum: 1 })]);
const parseSeal = parserOf(
  Type.Object({
    seal: Type.Array(Range, { minItems: 1 }),
    bytes: Type.Integer(),
    every: Type.Integer({ minimum: 1 }),
    newestAtMs: Type.Integer(),
  }),
);

export function scanSegment(bytes: Buffer): SegmentScan {
  const records: RecordPlace[] = [];
  const heads = new Map<number, Head>();
  let stream: StreamId | null = null;
  let every = 1;
  let sealed = false;
  let endAt = 0;
  let damagedBytes = 0;
  let lastSeq = 0;
  for (let at = 0; at < bytes.length; ) {
    const record = recordAt(bytes, at);
    const reads = record !== null && isReading(bytes, record);
    if (record === null || record.seq < lastSeq || (reads && record.seq === records.at(-1)?.seq)) {
      at++;
      continue;
    }
    if (reads) records.push(record);
    else {
      const payload = payloadOf(bytes, record);
      const head = headOf(payload);
      const opening = parseOpening(payload);
      if (head) heads.set(head.key, head.head);
      else if (opening.ok) ({ stream, every } = opening.value);
      sealed ||= sealOf(bytes.subarray(at, at + record.length)) !== null;
    }
    damagedBytes += at - endAt;
    lastSeq = record.seq;
    at += record.length;
    endAt = at;
  }
  return { records, heads, stream, every, sealed, endAt, damagedBytes };
}

export type Seal = {
  readonly held: SeqRanges;
  readonly every: number;
  readonly newestAtMs: number;
  /** Of the segment with its seal. */
  readonly bytes: number;
};

/** A seal with its record's length in its last four bytes, to be found from the end. Null: too much to be told in one. */
export function encodeSeal({ held, every, newestAtMs }: Omit<Seal, 'bytes'>, bytesBefore: number): Buffer | null {
  const lengthAtEnd = 4;
  const textFor = (bytes: number) => Buffer.from(JSON.stringify({ seal: held, bytes, every, newestAtMs }));
  // Its own length is part of it: ten digits hold any.
  const length = headerBytes + textFor(1_000_000_000).length + lengthAtEnd;
  if (length - headerBytes > maxPayloadBytes) return null;
  const payload = Buffer.alloc(length - headerBytes, ' ');
  textFor(bytesBefore + length).copy(payload);
  payload.writeUInt32LE(length, payload.length - lengthAtEnd);
  return encodeRecord(held.at(-1)?.[1] ?? 1, payload);
}

/** Bytes at the end of a file that hold its seal if it has one. */
export const sealMostBytes = headerBytes + maxPayloadBytes;

/** The seal that ends `tail`; null where there is none. */
export function sealOf(tail: Buffer): Seal | null {
  if (tail.length < headerBytes + 4) return null;
  const length = tail.readUInt32LE(tail.length - 4);
  const at = tail.length - length;
  const record = at < 0 ? null : recordAt(tail, at);
  if (record === null || record.length !== length) return null;
  const seal = parseSeal(payloadOf(tail, { ...record, length: length - 4 }));
  if (!seal.ok) return null;
  const { seal: held, bytes, every, newestAtMs } = seal.value;
  return { held, bytes, every, newestAtMs };
}

/** Readings after which a head is written once more. */
const headEvery = 100;

/** What the writer of a segment must remember: its heads, by what they say, and how long ago each was written. */
export type Written = { readonly heads: ReadonlyMap<string, { readonly key: number; readonly ago: number }> };

export const nothingWritten: Written = { heads: new Map() };

/** What a scan tells about heads written before; each is repeated at its next use. */
export function writtenBefore({ heads }: SegmentScan): Written {
  return { heads: new Map([...heads].map(([key, head]) => [JSON.stringify(head), { key, ago: headEvery }])) };
}

/** The bytes of readings, each with its number, and the writer's memory after them. */
export function encodeReadings(
  readings: readonly { readonly seq: number; readonly draft: Draft }[],
  written: Written,
): { bytes: Buffer; written: Written } {
  const heads = new Map(written.heads);
  const pieces = readings.flatMap(({ seq, draft }) => {
    const { gauge, boot, intervalS, maintenance } = draft;
    const head = { gauge, boot, intervalS, maintenance };
    const says = JSON.stringify(head);
    const known = heads.get(says);
    const key = known?.key ?? 1 + Math.max(0, ...[...heads.values()].map((other) => other.key));
    const due = known === undefined || known.ago >= headEvery;
    heads.set(says, { key, ago: due ? 1 : known.ago + 1 });
    const record = encodeReading(seq, key, draft);
    return due ? [encodeHead(seq, key, head), record] : [record];
  });
  return { bytes: Buffer.concat(pieces), written: { heads } };
}

export function encodeOpening(seq: number, stream: StreamId, every: number): Buffer {
  return encodeRecord(seq, Buffer.from(JSON.stringify({ siaga: 2, stream, every })));
}

/** The numbers of the readings that a scan found. */
export function heldBy({ records }: SegmentScan): SeqRanges {
  return rangesOf(records.map(({ seq }) => seq));
}
