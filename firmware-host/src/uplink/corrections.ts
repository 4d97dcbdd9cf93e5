/**
 * What the sender must know of times that were uncertain when they were written down.
 *
 * Under revision 0 a reading must always say the same, or the cloud takes it for another one. So a boot's
 * uncertain readings go out corrected under revision 0 only if none of them was ever sent uncorrected; if one
 * was (`expose`), all of that boot go out as they were stamped, and again corrected under revision 1.
 */
import type { Reading, SeqRanges } from '@siaga/protocol';
import type { StoredReading } from '../outbox/outbox.ts';

export type Corrections = {
  /** Resolves when it is durable that these may be sent as `outgoing` gives them. To be awaited before each publish. */
  expose(readings: readonly StoredReading[]): Promise<void>;
  /** The reading as it goes out under revision 0. */
  outgoing(stored: StoredReading): Reading;
  /** Numbers of the present stream that are still to be sent under revision 1. */
  pending(): SeqRanges;
  /** The reading as it goes out under revision 1. */
  corrected(stored: StoredReading): Reading;
  /** The cloud has these under revision 1. */
  settled(seqs: SeqRanges): void;
};

/** Every time goes out as it was stamped, once. */
export const asStamped: Corrections = {
  expose: async () => undefined,
  outgoing: ({ reading }) => reading,
  pending: () => [],
  corrected: ({ reading }) => reading,
  settled: () => undefined,
};
