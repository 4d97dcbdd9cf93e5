import type { StationId } from '@siaga/protocol';
import type { JudgingStore, KeptJudgement } from '../../ports.ts';
import { firstInstants } from '../reading-order.ts';
import type { Leases } from '../sqlite/leases.ts';
import type { Numbered } from '../sqlite/numbered.ts';
import { type MemoryReadings, servedReadings } from './reading-store.ts';

/** The judge's part in memory; leases and numbers are shared with the state. */
export function createMemoryJudgingStore(
  kept: MemoryReadings,
  { leases, numbered }: { leases: Leases; numbered: Numbered },
): JudgingStore {
  const judged = new Map<StationId, KeptJudgement>();
  const ofGauge = (station: StationId, gauge: string) =>
    servedReadings(kept, station).filter((reading) => reading.gauge === gauge);

  return {
    takeLease: async (shard) => leases.take(shard),
    dirty: async (limit) => [...kept.dirty.values()].slice(0, limit),
    judged: async () => new Map(judged),
    async newer(station, gauge, afterMs, limit) {
      return firstInstants(
        ofGauge(station, gauge).filter(({ observedAtMs }) => observedAtMs > afterMs),
        limit,
      );
    },
    async recent(station, gauge, spanMs) {
      const readings = ofGauge(station, gauge);
      const newest = readings.at(-1);
      return readings.filter(({ observedAtMs }) => observedAtMs >= (newest?.observedAtMs ?? 0) - spanMs);
    },
    async commit({ shard, fence, knownAtMs, judgements, cleared }) {
      leases.prove(shard, fence);
      for (const { station, judged: state, level } of judgements) judged.set(station, { judged: state, level });
      for (const { station, mark } of cleared) if (kept.dirty.get(station)?.mark === mark) kept.dirty.delete(station);
      for (const { station } of judgements) {
        const mark = kept.dirty.get(station);
        if (mark !== undefined && kept.dirty.delete(station)) kept.dirty.set(station, mark);
      }
      const changed = judgements.filter((judgement) => judgement.changed);
      const changes = numbered.write(
        changed.map(({ station, level }) => ({ kind: 'station', id: station, level })),
        knownAtMs,
      );
      numbered.tell(changes);
      return changes;
    },
  };
}
