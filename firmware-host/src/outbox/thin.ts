/**
 * Which readings go when there is no more room and the cloud has none of them. Pure.
 *
 * Of each gauge one in `every` stays, with all that tells of a flood and what was seen around it. Every gap is a
 * range of lost numbers; the cloud keeps track of a few thousand in a stream, and a message declares 32. So the
 * oldest are thinned at 10, and where that makes too many gaps, what was thinned is thinned further, which joins
 * gaps.
 */
import type { StoredReading } from './outbox.ts';

/** One in so many, step by step. The last is: none but events, and the newest of the segment. */
export const thinningSteps = [10, 60, 360, 1_000_000] as const;

/** Ranges of lost numbers that may wait to be declared; and those made by thinning in a stream's whole life. */
export const mostLostRanges = 1_000;
export const mostHoles = 3_500;

/** How long before and after an event everything is kept, in ms: the rise, and the crest that no test flags. */
const eventMarginMs = 3 * 3_600_000;

/**
 * Whether a reading by itself tells of a flood, as far as it knows: water inside the blanking distance, beyond
 * the span expected here, or moving fast. Flat lines and dead sensors are flagged too, for weeks on end: not these.
 */
export function tellsOfFlood({ reading }: StoredReading): boolean {
  if (reading.echo === 'blanking') return true;
  return reading.flag === 3 && ['gross-range', 'spike', 'rate-of-change'].includes(reading.test);
}

/** Times of the events among readings, ascending. */
export function eventTimes(readings: readonly StoredReading[], isEvent: (stored: StoredReading) => boolean): number[] {
  return readings.filter(isEvent).map(({ reading }) => reading.observedAtMs);
}

/**
 * What stays of a segment's readings. `before`: one in so many that an earlier thinning left. The last one stays
 * always: the segment's highest number must not be forgotten.
 */
export function thinned(
  readings: readonly StoredReading[],
  { before, every, events }: { before: number; every: number; events: readonly number[] },
): StoredReading[] {
  const step = Math.max(1, Math.round(every / before));
  const seen = new Map<string, number>();
  const spans = spansOf(events);
  return readings.filter(({ gauge, reading }, i) => {
    if (i === readings.length - 1 || isWithin(spans, reading.observedAtMs)) return true;
    const count = seen.get(gauge) ?? 0;
    seen.set(gauge, count + 1);
    return count % step === 0 && every < (thinningSteps.at(-1) ?? 0);
  });
}

type Span = { readonly fromMs: number; readonly toMs: number };

function spansOf(events: readonly number[]): Span[] {
  const spans: { fromMs: number; toMs: number }[] = [];
  for (const atMs of [...events].sort((a, b) => a - b)) {
    const last = spans.at(-1);
    if (last && atMs - eventMarginMs <= last.toMs) last.toMs = atMs + eventMarginMs;
    else spans.push({ fromMs: atMs - eventMarginMs, toMs: atMs + eventMarginMs });
  }
  return spans;
}

function isWithin(spans: readonly Span[], atMs: number): boolean {
  return spans.some(({ fromMs, toMs }) => fromMs <= atMs && atMs <= toMs);
}
