import type { Reading, ReadingsBatch, RejectReason, SeqRanges, StationId } from '@siaga/protocol';
import { addRange } from '@siaga/protocol';
import { maxAheadMs } from '../domain/presence.ts';
import type { IncomingBatch } from '../ports.ts';

/** Some readings of a message that are to be quarantined, and why. */
export type Refusal = { readonly reason: RejectReason; readonly detail: string; readonly seqs: SeqRanges };

/** The gauges of a station, or undefined for a station that the catalogue does not have. */
export type KnownGauges = (station: StationId) => ReadonlySet<string> | undefined;

/** Parts a batch in what may be stored and what must be quarantined; the ranges declared lost stay with the first. */
export function screen(incoming: IncomingBatch, gaugesOf: KnownGauges): { clean: ReadingsBatch; refusals: Refusal[] } {
  const { station, batch, receivedAtMs } = incoming;
  const gauges = gaugesOf(station);
  if (gauges === undefined) return none(batch, 'unknown-station', `station ${station} is not in the catalogue`);
  if (!gauges.has(batch.gauge))
    return none(batch, 'unknown-gauge', `station ${station} has no gauge ${batch.gauge} in the catalogue`);
  const latestMs = receivedAtMs + maxAheadMs;
  const isAhead = ({ observedAtMs }: Reading) => observedAtMs > latestMs;
  if (!batch.readings.some(isAhead)) return { clean: batch, refusals: [] };
  const ahead = batch.readings.filter(isAhead);
  return {
    clean: { ...batch, readings: batch.readings.filter((reading) => !isAhead(reading)) },
    refusals: [
      {
        reason: 'time-ahead',
        detail: `observed more than 15 min after ${new Date(receivedAtMs).toISOString()}, when it was received`,
        seqs: seqsOf(ahead),
      },
    ],
  };
}

function none(batch: ReadingsBatch, reason: RejectReason, detail: string) {
  const seqs = seqsOf(batch.readings);
  return { clean: { ...batch, readings: [] }, refusals: seqs.length > 0 ? [{ reason, detail, seqs }] : [] };
}

function seqsOf(readings: readonly Reading[]): SeqRanges {
  return readings.reduce<SeqRanges>((seqs, { seq }) => addRange(seqs, seq, seq), []);
}
