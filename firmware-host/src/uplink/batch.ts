/** What shares a message, and the message's bytes. Pure. */
import {
  encodeReadings,
  maxPayloadBytes,
  maxReadingsPerMessage,
  type Reading,
  type SeqRanges,
  type StreamId,
} from '@siaga/protocol';
import type { StoredReading } from '../outbox/outbox.ts';

/**
 * The readings that may share a message with the first, in order: the gauges of a station take their numbers in
 * turn, and what belongs to another one in between is passed over.
 */
export function withFirst(readings: readonly StoredReading[], limit = maxReadingsPerMessage): StoredReading[] {
  const [first] = readings;
  return first ? readings.filter((stored) => sameHead(first, stored)).slice(0, limit) : [];
}

/** Of readings in order, the newest and what may share its message. */
export function withNewest(readings: readonly StoredReading[], limit = maxReadingsPerMessage): StoredReading[] {
  const newest = readings.at(-1);
  return newest ? readings.filter((stored) => sameHead(newest, stored)).slice(-limit) : [];
}

/** Whether two agree in what a message says only once. */
function sameHead(a: StoredReading, b: StoredReading): boolean {
  return a.gauge === b.gauge && a.boot === b.boot && a.intervalS === b.intervalS && a.maintenance === b.maintenance;
}

export type Content = {
  readonly stream: StreamId;
  readonly rev: number;
  readonly lost: SeqRanges;
  /** Whose head the message bears. */
  readonly head: StoredReading;
  /** A reading as it goes out. */
  readonly outgoing: (stored: StoredReading) => Reading;
};

export type Encoded = { readonly payload: Uint8Array; readonly readings: readonly StoredReading[] };

/** The message, with as many of the readings as fit. */
export function encodeBatch(readings: readonly StoredReading[], content: Content): Encoded {
  const { stream, rev, lost, head, outgoing } = content;
  const { boot, gauge, intervalS, maintenance } = head;
  const batch = { stream, boot, rev, gauge, intervalS, maintenance, lost };
  const payload = encodeReadings({ ...batch, readings: readings.map(outgoing) });
  if (payload.byteLength <= maxPayloadBytes || readings.length < 2) return { payload, readings };
  return encodeBatch(readings.slice(0, readings.length >> 1), content);
}
