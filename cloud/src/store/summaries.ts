import type { Gap, GaugeId } from '@siaga/protocol';
import { weighs } from '@siaga/protocol';
import { staleIntervals } from '../domain/presence.ts';
import type { DistanceBucket, StoredReading } from '../ports.ts';

/** Whether a reading says where the water was: measured, weighing, and not under maintenance. */
export function isEvidence(reading: StoredReading): boolean {
  return reading.distanceMm !== null && weighs(reading.flag) && !reading.maintenance;
}

type Span = { count: number; minMm: number; sumMm: number; maxMm: number };

/** Gathers readings into equal spans of [fromMs, toMs), by gauge. */
export function bucketer(fromMs: number, toMs: number, buckets: number) {
  const widthMs = Math.max(1, Math.ceil((toMs - fromMs) / buckets));
  const byGauge = new Map<GaugeId, Map<number, Span>>();
  return {
    add(reading: StoredReading): void {
      const { distanceMm, observedAtMs } = reading;
      if (distanceMm === null || !isEvidence(reading) || observedAtMs < fromMs || observedAtMs >= toMs) return;
      const index = Math.floor((observedAtMs - fromMs) / widthMs);
      const spans = byGauge.get(reading.gauge) ?? new Map<number, Span>();
      byGauge.set(reading.gauge, spans);
      const span = spans.get(index);
      if (span === undefined) spans.set(index, { count: 1, minMm: distanceMm, sumMm: distanceMm, maxMm: distanceMm });
      else {
        span.count += 1;
        span.minMm = Math.min(span.minMm, distanceMm);
        span.maxMm = Math.max(span.maxMm, distanceMm);
        span.sumMm += distanceMm;
      }
    },
    /** The spans that hold readings, in order of gauge, then time. */
    buckets(): DistanceBucket[] {
      const gauges = [...byGauge].sort(([a], [b]) => (a < b ? -1 : 1));
      return gauges.flatMap(([gauge, spans]) =>
        [...spans]
          .sort(([a], [b]) => a - b)
          .map(([index, { count, minMm, sumMm, maxMm }]) => ({
            gauge,
            fromMs: fromMs + index * widthMs,
            count,
            minMm,
            meanMm: sumMm / count,
            maxMm,
          })),
      );
    },
  };
}

/**
 * Finds the spans of [fromMs, toMs) without evidence that outlast 4 reporting intervals. Readings in order of time.
 * Before a station's first reading there is no interval to go by: the first one's own is taken.
 */
export function gapFinder(fromMs: number, toMs: number) {
  const gaps: Gap[] = [];
  let lastAtMs: number | null = null;
  let staleMs = 0;
  const close = (atMs: number, sinceMs: number, limitMs: number) => {
    const begin = Math.max(sinceMs, fromMs);
    if (atMs > begin && atMs - sinceMs > limitMs) gaps.push({ fromMs: begin, toMs: atMs });
  };
  return {
    /** Takes readings from before `fromMs` too: they say whether the span begins within a gap. */
    add(reading: StoredReading): void {
      if (!isEvidence(reading) || reading.observedAtMs >= toMs) return;
      const ownStaleMs = staleIntervals * reading.intervalS * 1000;
      if (lastAtMs === null) close(reading.observedAtMs, fromMs, ownStaleMs);
      else if (reading.observedAtMs >= fromMs) close(reading.observedAtMs, lastAtMs, staleMs);
      lastAtMs = reading.observedAtMs;
      staleMs = ownStaleMs;
    },
    gaps(): Gap[] {
      close(toMs, lastAtMs ?? fromMs, staleMs);
      return gaps;
    },
  };
}
