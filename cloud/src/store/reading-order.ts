import type { ReadingPlace, StoredReading } from '../ports.ts';

/** Order of readings in time; stream, then seq decide between readings of one instant. */
export function byTime(a: StoredReading, b: StoredReading): number {
  if (a.observedAtMs !== b.observedAtMs) return a.observedAtMs - b.observedAtMs;
  if (a.stream !== b.stream) return a.stream < b.stream ? -1 : 1;
  return a.seq - b.seq;
}

/** Whether `a` is newer than `b`: observed later or, at the same instant, received later. */
export function isNewer(
  a: Pick<StoredReading, 'observedAtMs' | 'receivedAtMs'>,
  b: Pick<StoredReading, 'observedAtMs' | 'receivedAtMs'>,
): boolean {
  return a.observedAtMs === b.observedAtMs ? a.receivedAtMs > b.receivedAtMs : a.observedAtMs > b.observedAtMs;
}

export function placeOf({ observedAtMs, stream, seq }: StoredReading): ReadingPlace {
  return { observedAtMs, stream, seq };
}

/** Whether `reading` lies after `place` in order of time. */
export function isAfter(reading: StoredReading, place: ReadingPlace): boolean {
  if (reading.observedAtMs !== place.observedAtMs) return reading.observedAtMs > place.observedAtMs;
  if (reading.stream !== place.stream) return reading.stream > place.stream;
  return reading.seq > place.seq;
}

/** The first `limit` readings in order, and more where that would cut between readings of one instant. */
export function firstInstants(readings: readonly StoredReading[], limit: number): StoredReading[] {
  const last = readings[limit - 1];
  if (last === undefined) return [...readings];
  let end = limit;
  while (readings[end]?.observedAtMs === last.observedAtMs) end += 1;
  return readings.slice(0, end);
}
