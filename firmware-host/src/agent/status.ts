import { countSeqs, type SeqRanges } from '@siaga/protocol';
import type { Gauge, GaugeStatus } from '../gauge.ts';
import type { Outbox, StoredReading } from '../outbox/outbox.ts';
import type { SenderCounts } from '../uplink/sender.ts';

/** What the agent tells of itself to whoever runs it. Counts are of the present run. */
export type AgentStatus = SenderCounts & {
  readonly station: string;
  readonly stream: string;
  readonly lastSeq: number;
  readonly connected: boolean;
  /** Number of the present or last connection, 0 before the first. */
  readonly connection: number;
  readonly reconnects: number;
  readonly frames: number;
  readonly badFrames: number;
  readonly discardedBytes: number;
  readonly bursts: number;
  /** Readings that became durable in this run, and those that the disk did not take. */
  readonly stored: number;
  readonly notStored: number;
  readonly settled: number;
  /** Waits for the link; what waits for a receipt alone is no backlog. */
  readonly backlog: number;
  readonly lost: number;
  readonly lastReading: StoredReading | null;
  readonly gauges: readonly GaugeStatus[];
};

/** The counts of an agent without an uplink. */
export const noCounts: SenderCounts = {
  publishes: 0,
  acks: 0,
  receipts: 0,
  ignoredReceipts: 0,
  quarantined: 0,
  mints: 0,
};

/** What outbox and gauges say. */
export function statusOf(outbox: Outbox, waiting: SeqRanges, gauges: readonly Gauge[]) {
  const { stream, lastSeq, settled, lost } = outbox.state();
  const all = gauges.map((gauge) => gauge.status());
  const sum = (field: 'frames' | 'badFrames' | 'discardedBytes' | 'bursts') =>
    all.reduce((total, gauge) => total + gauge[field], 0);
  return {
    stream,
    lastSeq,
    settled: countSeqs(settled),
    backlog: countSeqs(waiting),
    lost: countSeqs(lost),
    frames: sum('frames'),
    badFrames: sum('badFrames'),
    discardedBytes: sum('discardedBytes'),
    bursts: sum('bursts'),
    gauges: all,
  };
}
