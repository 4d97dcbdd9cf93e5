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
import type { IncomingBatch, Quarantine, QuarantinedSeqs, ReadingStore, Rejected, Verdict } from '../ports.ts';
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
  /** The device did not know the time: a quick answer can tell it. */
  readonly untimed?: true;
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

/** Most messages and, about, most readings in one commit: what waits beyond takes the next, a turn later. */
const maxGroup = 5000;
const maxReadingsInGroup = 20_000;

/**
 * Ingest with group commit: what came during one turn of the event loop, or while the last commit ran, is
 * committed together. No timer: the group grows with the load by itself.
 */
export function createIngest(options: IngestOptions): Ingest {
  const { readings, quarantine, gaugesOf, onCommit, onRetry = () => {} } = options;
  const backoff = options.backoff ?? { firstMs: 250, maxMs: 5000 };
  const closing = new AbortController();
  const waiting: Waiting[] = [];
  let draining: Promise<void> | null = null;
  let newestMs: number | null = null;

  const again = <T>(work: () => Promise<T>) => retrying(work, { backoff, signal: closing.signal, onRetry });

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      // A turn of the event loop for what comes meanwhile, and for the answers to the group before.
      await new Promise((resolve) => setImmediate(resolve));
      const group = waiting.splice(0, groupLength(waiting));
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
    const screened = group.map((submission) => ({ submission, ...screen(submission, gaugesOf) }));
    const verdicts = await again(() =>
      readings.append(
        screened.map(({ submission: { station, receivedAtMs }, clean }) => ({ station, receivedAtMs, batch: clean })),
      ),
    );
    const sorted = screened.map((each, i) => ({ ...each, verdict: verdicts[i] as Verdict }));
    const refused = sorted.map(({ submission, refusals, verdict }) =>
      rejectsOf(submission, [...refusals, ...refusalsOf(verdict)]),
    );
    await keepRefused(
      refused.flat(),
      sorted.flatMap(({ submission, refusals }) => settlementOf(submission, refusals)),
    );
    for (const { receivedAtMs } of group) newestMs = Math.max(newestMs ?? receivedAtMs, receivedAtMs);
    const outcomes = sorted.map(
      ({ submission: { station, batch }, verdict: { stored, duplicates } }, i): IngestOutcome => ({
        station,
        stream: batch.stream,
        rev: batch.rev,
        stored,
        duplicates,
        rejected: (refused[i] ?? []).map(({ reason, sha256, seqs }) => ({ reason, sha256, seqs })),
        ...(batch.readings.some(({ clock }) => clock === 'unsynced') ? { untimed: true as const } : {}),
      }),
    );
    onCommit?.(outcomes, (performance.now() - begin) / 1000);
    return outcomes;
  }

  /** Quarantines, then settles: a crash between the two repeats both when the messages come again. */
  async function keepRefused(rejects: readonly Rejected[], settlements: readonly QuarantinedSeqs[]): Promise<void> {
    if (rejects.length > 0) await again(() => quarantine.put(rejects));
    if (settlements.length > 0) await again(() => readings.settle(settlements));
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

/** How many of those waiting go into the next commit. */
function groupLength(waiting: readonly Waiting[]): number {
  let count = 0;
  let readings = 0;
  while (count < waiting.length && count < maxGroup && readings < maxReadingsInGroup)
    readings += waiting[count++]?.submission.batch.readings.length ?? 0;
  return count;
}

/** What the store would not take. Its numbers stay as they are: settled by other content, or open. */
function refusalsOf({ conflicts, scattered }: Verdict): Refusal[] {
  const refusals: Refusal[] = [
    {
      reason: 'identity-conflict',
      detail: 'the same stream, seq and rev is stored with other content',
      seqs: conflicts,
    },
    {
      reason: 'malformed',
      detail: 'the stream has more holes or revisions than can be kept track of; the device must begin a new stream',
      seqs: scattered,
    },
  ];
  return refusals.filter(({ seqs }) => seqs.length > 0);
}

function rejectsOf(submission: Submission, refusals: readonly Refusal[]): (Rejected & RejectedReadings)[] {
  if (refusals.length === 0) return [];
  const { station, batch, receivedAtMs } = submission;
  const payload = submission.payload ?? encodeReadings(batch);
  const sha256 = createHash('sha256').update(payload).digest('hex');
  const topic = topicOf(station, 'readings');
  return refusals.map((refusal) => ({ station, topic, ...refusal, payload, sha256, receivedAtMs }));
}

/** The numbers that need not be sent again because screening put them into quarantine. */
function settlementOf({ station, batch }: Submission, refusals: readonly Refusal[]): QuarantinedSeqs[] {
  const seqs = refusals.reduce<SeqRanges>((all, refusal) => addRanges(all, refusal.seqs), []);
  return seqs.length === 0 ? [] : [{ station, stream: batch.stream, rev: batch.rev, seqs }];
}
