import { hasSeq, highestSeq, type SeqRanges } from '@siaga/protocol';
import type { IncomingBatch, StoredReading } from '../ports.ts';

/** A clock that is off by less is as good as set, for the present. */
const slackMs = 2 * 60_000;

/**
 * The reading of a stored message that says how the water stands though its time is wrong: the newest of its stream, just
 * sent by a device whose clock is not set. What lies before it in the stream is a backlog, of which nobody knows how old
 * it is. `stored`: what of the message was new; `settled`: all of the stream.
 */
export function newestUncertain(
  { station, batch, receivedAtMs }: IncomingBatch,
  stored: SeqRanges,
  settled: SeqRanges,
): StoredReading | undefined {
  const reading = batch.readings.at(-1);
  if (reading === undefined || batch.rev > 0 || reading.clock !== 'unsynced') return undefined;
  if (Math.abs(receivedAtMs - reading.observedAtMs) <= slackMs) return undefined;
  if (!hasSeq(stored, reading.seq) || reading.seq !== highestSeq(settled)) return undefined;
  const { stream, rev, gauge, intervalS, maintenance } = batch;
  return { ...reading, station, stream, rev, gauge, intervalS, maintenance, receivedAtMs };
}
