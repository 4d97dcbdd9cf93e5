import type { StoredReading } from '../ports.ts';

/** Two clocks may differ by so much without either being wrong. */
const slackMs = 5_000;

/**
 * The reading as the present takes it. No water can be seen before its time: where a device's clock runs ahead, the
 * present goes by when the reading came, and says that the clock is uncertain. Otherwise a clock that is set right again
 * would leave its station unjudged until the wrong time has passed.
 */
function asPresent(reading: StoredReading): StoredReading {
  if (reading.observedAtMs <= reading.receivedAtMs + slackMs) return reading;
  return asReceived(reading);
}

/** A reading of a device whose clock is not set, as the present takes it. */
export function asReceived(reading: StoredReading): StoredReading {
  return { ...reading, observedAtMs: reading.receivedAtMs, clock: 'unsynced' };
}

/** Readings in the order in which the present takes them; given in order of `observedAtMs`. */
export function presentOrder(readings: readonly StoredReading[]): readonly StoredReading[] {
  const present = readings.map(asPresent);
  if (present.every((reading, i) => reading === readings[i])) return readings;
  return present.sort((a, b) => a.observedAtMs - b.observedAtMs);
}
