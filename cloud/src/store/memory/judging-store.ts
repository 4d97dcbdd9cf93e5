import type { Change, StationId } from '@siaga/protocol';
import { platformError } from '../../errors.ts';
import type { JudgingStore, KeptJudgement } from '../../ports.ts';
import { firstInstants } from '../reading-order.ts';
import { type MemoryReadings, servedReadings } from './reading-store.ts';

/** The judge's part in memory; `changes` is the list that the change log serves. */
export function createMemoryJudgingStore(kept: MemoryReadings, changes: Change[]): JudgingStore {
  const judged = new Map<StationId, KeptJudgement>();
  const fences = new Map<string, number>();
  const ofGauge = (station: StationId, gauge: string) =>
    servedReadings(kept, station).filter((reading) => reading.gauge === gauge);

  return {
    async takeLease(shard) {
      const fence = (fences.get(shard) ?? 0) + 1;
      fences.set(shard, fence);
      return fence;
    },
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
      if (fences.get(shard) !== fence)
        throw platformError('lease-lost', `Another judge has taken the lease of shard ${shard}.`);
      for (const { station, judged: state, level } of judgements) judged.set(station, { judged: state, level });
      for (const { station, mark } of cleared) if (kept.dirty.get(station)?.mark === mark) kept.dirty.delete(station);
      const before = changes.length;
      const knownAt = new Date(knownAtMs).toISOString();
      const added = judgements
        .filter(({ changed }) => changed)
        .map(
          ({ station, level }, i): Change => ({ seq: before + i + 1, knownAt, kind: 'station', id: station, level }),
        );
      changes.push(...added);
      return added;
    },
  };
}
