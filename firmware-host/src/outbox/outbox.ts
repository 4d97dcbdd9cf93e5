/**
 * Memory across power cuts: readings on their way to the cloud.
 *
 * Order: `append` gives sequence numbers in the order of its calls, rising strictly within a stream over
 * every restart. Durability: a reading is on the disk when its `append` resolves, and not before it may be
 * sent. Concurrency: all calls may overlap; appends wait for one sync together. The caller closes it.
 */
import type { Reading, SeqRanges, StreamId } from '@siaga/protocol';

/** A stamped reading without its place in the stream. */
export type Draft = {
  readonly gauge: string;
  readonly boot: string;
  /** The reporting interval in force, in seconds. */
  readonly intervalS: number;
  readonly maintenance: boolean;
  /** The kernel's monotonic clock at `observedAtMs`, in ms since this boot; null where that is unknown (older records). */
  readonly monoMs: number | null;
  readonly reading: Omit<Reading, 'seq'>;
};

/** A durable reading. */
export type StoredReading = Omit<Draft, 'reading'> & { readonly stream: StreamId; readonly reading: Reading };

/**
 * Numbers whose fate the cloud may not know though it claims to: those given since a start of the agent
 * that no receipt has confirmed yet. An old copy of the folder, put back, gives numbers a second time.
 * `toSeq` is the first number of the present run.
 */
export type Doubt = { readonly fromSeq: number; readonly toSeq: number };

export type OutboxState = {
  readonly stream: StreamId;
  /** Highest number given in this stream, 0 for none. */
  readonly lastSeq: number;
  /** Numbers that are still held, settled or not. */
  readonly held: SeqRanges;
  readonly settled: SeqRanges;
  /** Held and not settled: what the cloud must still get. */
  readonly unsettled: SeqRanges;
  /** Numbers that were given and can no longer be sent: to be declared. */
  readonly lost: SeqRanges;
  readonly doubt: Doubt | null;
  readonly bytes: number;
  /** Readings that this run could not keep for want of room, or thinned out to make some. */
  readonly notKept: number;
};

export type Settlement = {
  /** A settlement that names another stream than the present one changes nothing. */
  readonly stream: StreamId;
  readonly settled: SeqRanges;
  /** `replace`: forget what was settled before (a restored store knows less). */
  readonly how: 'add' | 'replace';
  readonly storeId: string;
};

export type Outbox = {
  state(): OutboxState;
  /** The store whose receipts the settled numbers come from; null before the first. */
  storeId(): string | null;
  /**
   * Rejects with `outbox-full` when the disk takes no more even after freeing. Its number is then used up and
   * lost, so that the loss gets declared, unless not even that can be written down: then no number is used up.
   */
  append(draft: Draft): Promise<StoredReading>;
  /** Held readings of `seqs`, settled ones too, in order, at most `limit`. Numbers that turn out unreadable become lost. */
  lease(seqs: SeqRanges, limit: number): Promise<StoredReading[]>;
  /** Marks numbers as settled and frees what need not be kept. Not durable at once: forgetting it only sends twice. */
  settle(settlement: Settlement): Promise<void>;
  /** Moves the readings of `seqs` to a new stream, in order, under new numbers; a crash leaves the old or the new. */
  remint(seqs: SeqRanges): Promise<StreamId>;
  close(): Promise<void>;
};
