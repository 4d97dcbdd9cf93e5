import type { Reading, ReadingsBatch, SeqRanges, StationId } from '@siaga/protocol';
import type { IncomingBatch } from '../ports.ts';

/** A quiet noon from which tests count. */
export const noonMs = Date.UTC(2026, 0, 10, 12);
export const minuteMs = 60_000;

/** A plausible reading: the n-th of a stream at one a minute, 2 m below the sensor. */
export function reading(seq: number, differs: Partial<Reading> = {}): Reading {
  return {
    seq,
    observedAtMs: noonMs + seq * minuteMs,
    distanceMm: 2000,
    echo: 'seen',
    spreadMm: 3,
    validPercent: 100,
    temperatureDeciC: null,
    flag: 1,
    test: 'none',
    clock: 'synced',
    ...differs,
  };
}

export const streamA = 'aaaaaaaaaaaaaaaa';
export const streamB = 'bbbbbbbbbbbbbbbb';

/** A message of station katulampa as it comes from the broker. */
export function incoming(
  readings: readonly Reading[],
  differs: Partial<ReadingsBatch> & { readonly station?: StationId; readonly receivedAtMs?: number } = {},
): IncomingBatch {
  const { station = 'katulampa', receivedAtMs, ...batch } = differs;
  const newestMs = readings.reduce((max, { observedAtMs }) => Math.max(max, observedAtMs), noonMs);
  return {
    station,
    receivedAtMs: receivedAtMs ?? newestMs + 500,
    batch: {
      stream: streamA,
      boot: 'boot-1',
      rev: 0,
      gauge: 'main',
      intervalS: 60,
      maintenance: false,
      lost: [],
      ...batch,
      readings,
    },
  };
}

/** Readings `from`..`to` of a stream. */
export function readings(from: number, to: number, differs: Partial<Reading> = {}): Reading[] {
  return Array.from({ length: to - from + 1 }, (_, i) => reading(from + i, differs));
}

export function seqsOf(found: readonly { readonly seq: number }[]): number[] {
  return found.map(({ seq }) => seq);
}

export const wholeDay = { station: 'katulampa', fromMs: noonMs - 86_400_000, toMs: noonMs + 86_400_000 };

/** Numbers of a set of ranges, one by one. */
export function numbersOf(ranges: SeqRanges): number[] {
  return ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
}
