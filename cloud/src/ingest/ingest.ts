import { createHash } from 'node:crypto';
import {
  addRanges,
  encodeReadings,
  type RejectReason,
  type SeqRanges,
  type StationId,
  type StreamId,
  topicOf,
} from '@siaga/protocol';
import type { IncomingBatch, Quarantine, ReadingStore, Verdict } from '../ports.ts';
import { type Backoff, retrying } from './retry.ts';
import { type KnownGauges, type Refusal, screen } from './screen.ts';

/** A message on its way in. `payload` is what came; without it a reject is kept in the form we would send. */
export type Submission = IncomingBatch & { readonly payload?: Uint8Array };

/** Some readings of a message that are quarantined; `sha256` is that of the message's payload. */
export type RejectedReadings = { readonly reason: RejectReason; readonly sha256: string; readonly seqs: SeqRanges };

/** What became of a message, once all of it is durable: every reading is in exactly one place. */
export type IngestOutcome = {
  readonly station: StationId;
  readonly stream: StreamId;
  readonly rev: number;
  readonly stored: SeqRanges;
  readonly duplicates: SeqRanges;
  readonly rejected: readonly RejectedReadings[];
};

export type IngestOptions = {
  readonly readings: Pick<ReadingStore, 'append' | 'settle'>;
  readonly quarantine: Pick<Quarantine, 'put'>;
  readonly gaugesOf: KnownGauges;
  /** Called after each group commit, before the messages' promises resolve. */
  readonly onCommit?: (outcomes: readonly IngestOutcome[], seconds: number) => void;
  /** Called for each try that found the store without room; the messages wait meanwhile. */
  readonly onRetry?: (error: Error) => void;
  readonly backoff?: Backoff;
};

export type Ingest = {
  /**
   * Resolves when the whole message is durable: stored, or quarantined with its reason. Stays pending while
   * the store has no room, so that the sender's answer can be withheld. Rejects when the store fails otherwise.
   */
  submit(submission: Submission): Promise<IngestOutcome>;
  /** When the newest message was committed, ms UTC of `receivedAtMs`; null before the first. */
  watermarkMs(): number | null;
  /** Takes nothing more; resolves when what was submitted has its outcome. Waiting for room ends with the error. */
  close(): Promise<void>;
};

type Waiting = {
  readonly submission: Submission;
  readonly resolve: (outcome: IngestOutcome) => void;
  readonly reject: (error: unknown) => void;
};

/** Messages in one commit: what waits beyond this takes the next. */
const maxGroup = 5000;

/**
 * Ingest with group commit: what came during one turn of the event loop, or while the last commit ran, is
 * committed together. No timer: the group grows with the load by itself.
 */
export function createIngest(options: IngestOptions): Ingest {
  const { readings, quarantine, gaugesOf, onCommit, onRetry = () => {} } = options;
  const backoff = options.backoff ?? { firstMs: 250, maxMs: 5000 };
  const closing = new AbortController();
  let waiting: Waiting[] = [];
  let draining: Promise<void> | null = null;
  let newestMs: number | null = null;

  const again = <T>(work: () => Promise<T>) => retrying(work, { backoff, signal: closing.signal, onRetry });

  async function drain(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (waiting.length > 0) {
      const group = waiting.slice(0, maxGroup);
      waiting = waiting.slice(maxGroup);
      try {
        const outcomes = await commit(group.map(({ submission }) => submission));
        for (const [i, { resolve }] of group.entries()) resolve(outcomes[i] as IngestOutcome);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    draining = null;
  }

  async function commit(group: readonly Submission[]): Promise<IngestOutcome[]> {
    const begin = performance.now();
    const screened = group.map((submission) => screen(submission, gaugesOf));
    const batches = group.map(({ station, receivedAtMs }, i) => ({
      station,
      receivedAtMs,
      batch: (screened[i] as (typeof screened)[number]).clean,
    }));
    const verdicts = await again(() => readings.append(batches));
    const outcomes: IngestOutcome[] = [];
    for (const [i, submission] of group.entries()) {
      const verdict = verdicts[i] as Verdict;
      const refusals = [...(screened[i] as (typeof screened)[number]).refusals, ...conflictOf(verdict)];
      outcomes.push({
        station: submission.station,
        stream: submission.batch.stream,
        rev: submission.batch.rev,
        stored: verdict.stored,
        duplicates: verdict.duplicates,
        rejected: refusals.length === 0 ? [] : await refuse(submission, refusals),
      });
      newestMs = Math.max(newestMs ?? submission.receivedAtMs, submission.receivedAtMs);
    }
    onCommit?.(outcomes, (performance.now() - begin) / 1000);
    return outcomes;
  }

  /** Quarantines, then settles: a crash between the two repeats both when the message comes again. */
  async function refuse(submission: Submission, refusals: readonly Refusal[]): Promise<RejectedReadings[]> {
    const { station, batch, receivedAtMs } = submission;
    const payload = submission.payload ?? encodeReadings(batch);
    const sha256 = createHash('sha256').update(payload).digest('hex');
    const topic = topicOf(station, 'readings');
    for (const { reason, detail } of refusals)
      await again(() => quarantine.put({ station, topic, reason, detail, payload, sha256, receivedAtMs }));
    // A conflict's numbers are settled already, by the content that is stored.
    const open = refusals.filter(({ reason }) => reason !== 'identity-conflict');
    const seqs = open.reduce<SeqRanges>((all, refusal) => addRanges(all, refusal.seqs), []);
    if (seqs.length > 0) await again(() => readings.settle(station, batch.stream, batch.rev, seqs));
    return refusals.map(({ reason, seqs: its }) => ({ reason, sha256, seqs: its }));
  }

  return {
    submit(submission) {
      if (closing.signal.aborted) return Promise.reject(new Error('ingest is closed'));
      return new Promise((resolve, reject) => {
        waiting.push({ submission, resolve, reject });
        draining ??= drain();
      });
    },
    watermarkMs: () => newestMs,
    async close() {
      closing.abort();
      await draining;
    },
  };
}

function conflictOf({ conflicts }: Verdict): Refusal[] {
  if (conflicts.length === 0) return [];
  const detail = 'the same stream, seq and rev is stored with other content';
  return [{ reason: 'identity-conflict', detail, seqs: conflicts }];
}
