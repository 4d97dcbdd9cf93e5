/**
 * What the use cases need from outside. Adapters live in `store/<engine>/` and `broker/`; only `main`
 * knows which ones run.
 */
import type {
  About,
  Change,
  CloudTopic,
  Gap,
  GaugeId,
  Health,
  Reading,
  ReadingsBatch,
  RejectReason,
  SeqRanges,
  StationId,
  StationLevel,
  StreamId,
} from '@siaga/protocol';
import type { EpisodeKey, KeptEpisode } from './domain/episode-diff.ts';
import type { JudgedStation } from './domain/level.ts';

/** A readings message whose station comes from its credential and topic. */
export type IncomingBatch = {
  readonly station: StationId;
  readonly batch: ReadingsBatch;
  readonly receivedAtMs: number;
};

/** What became of one incoming batch. Every reading of it is in exactly one of the four lists. */
export type Verdict = {
  readonly stored: SeqRanges;
  /** The same identity, `rev` and content is already stored. */
  readonly duplicates: SeqRanges;
  /** The same identity and `rev`, but other content: not stored, for quarantine. */
  readonly conflicts: SeqRanges;
  /** Not stored nor settled, for quarantine: the stream's numbers are too scattered to be kept track of. */
  readonly scattered: SeqRanges;
};

/** A reading as it was stored. */
export type StoredReading = Reading & {
  readonly station: StationId;
  readonly stream: StreamId;
  readonly rev: number;
  readonly gauge: GaugeId;
  readonly intervalS: number;
  readonly maintenance: boolean;
  readonly receivedAtMs: number;
};

/** Min, mean and max of distance in one equal span of time, by gauge; flags 4 and 9 and maintenance left out. */
export type DistanceBucket = {
  readonly gauge: GaugeId;
  readonly fromMs: number;
  readonly count: number;
  readonly minMm: number;
  readonly meanMm: number;
  readonly maxMm: number;
};

/** [fromMs, toMs) in event time; all gauges of the station, or one. */
export type RangeQuery = {
  readonly station: StationId;
  readonly gauge?: GaugeId;
  readonly fromMs: number;
  readonly toMs: number;
};

/** Settled sequence numbers of one stream at revision 0: committed, quarantined or declared lost. */
export type SettledStream = { readonly station: StationId; readonly stream: StreamId; readonly settled: SeqRanges };

/** A place in a station's readings, to go on from. */
export type ReadingPlace = Pick<StoredReading, 'observedAtMs' | 'stream' | 'seq'>;

/** Numbers of one stream and revision whose readings are in quarantine. */
export type QuarantinedSeqs = {
  readonly station: StationId;
  readonly stream: StreamId;
  readonly rev: number;
  readonly seqs: SeqRanges;
};

/**
 * Keeps readings. Order: `append` calls are serialised by the caller (one ingest per store).
 * `append` is durable when it resolves, and in the same commit it saves the settled interval sets
 * and marks each station with stored readings as dirty from its earliest stored `observedAtMs`.
 * It rejects only when nothing of the call was stored: with code `store-full` (and `retry`) when there is
 * no room, so that the caller can withhold its answer and try again.
 */
export type ReadingStore = {
  readonly storeId: string;
  /** Rises each time the store is opened: what must never repeat across restarts is numbered under it. */
  readonly generation: number;
  /** `lateVisibility`: a stored reading may become readable later. `delete`: readings can be deleted. */
  readonly capabilities: { readonly lateVisibility: boolean; readonly delete: boolean };
  append(batches: readonly IncomingBatch[]): Promise<Verdict[]>;
  /** Settles sequence numbers that are durably quarantined instead of stored, in one commit. */
  settle(quarantined: readonly QuarantinedSeqs[]): Promise<void>;
  settled(station: StationId, stream: StreamId): SettledStream;
  /** The newest stored reading (by `observedAtMs`, then `receivedAtMs`) of every station. */
  latest(): Promise<ReadonlyMap<StationId, StoredReading>>;
  /**
   * Newest revision of each reading in [fromMs, toMs), in order of time, stream, seq; at most `limit`, those after
   * the place `after`. `next` is the place of the last one, null where there are no more.
   */
  readings(
    query: RangeQuery & { readonly limit: number; readonly after?: ReadingPlace },
  ): Promise<{ readings: StoredReading[]; next: ReadingPlace | null }>;
  /** `range` of DESIGN §4: [fromMs, toMs) in `buckets` equal spans, empty ones left out. */
  range(query: RangeQuery & { readonly buckets: number }): Promise<DistanceBucket[]>;
  /** Spans in [fromMs, toMs) without a weighing reading, longer than 4 × the reporting interval before them. */
  gaps(query: RangeQuery): Promise<Gap[]>;
  close(): Promise<void>;
};

/** A station with news since the judge last looked. `mark` rises with each append, so that clearing never loses one. */
export type DirtyMark = { readonly station: StationId; readonly fromMs: number; readonly mark: number };

/** What is kept of a station's judgement: the fold's state, and the level that was last made known. */
export type KeptJudgement = { readonly judged: JudgedStation; readonly level: StationLevel };

/** One judged after-image on its way into the numbered changes. */
export type Judgement = {
  readonly station: StationId;
  readonly judged: JudgedStation;
  readonly level: StationLevel;
  readonly changed: boolean;
};

/** The judge's part of the relational state. Holding `fence` proves the shard's lease: a stale one is refused. */
export type JudgingStore = {
  /** Takes the shard's lease: the returned token outranks every earlier one. */
  takeLease(shard: string): Promise<number>;
  /** The longest waiting first; one that was judged and is dirty still waits anew. */
  dirty(limit: number): Promise<DirtyMark[]>;
  judged(): Promise<ReadonlyMap<StationId, KeptJudgement>>;
  /**
   * Readings the judge has not folded: one gauge's, with `observedAtMs` > `afterMs`, in order. No more than
   * `limit`, but never cut between readings of the same instant; fewer than `limit` means there are no more.
   */
  newer(station: StationId, gauge: GaugeId, afterMs: number, limit: number): Promise<StoredReading[]>;
  /** One gauge's readings of the last `spanMs` up to its newest, in order: what trend and rate are judged from. */
  recent(station: StationId, gauge: GaugeId, spanMs: number): Promise<StoredReading[]>;
  /**
   * One transaction: judged states, numbered changes (the stream head last), and marks cleared if unchanged
   * since. Rejects with code `lease-lost` when another judge has taken the lease of `shard`.
   */
  commit(work: {
    shard: string;
    fence: number;
    knownAtMs: number;
    judgements: readonly Judgement[];
    cleared: readonly DirtyMark[];
  }): Promise<Change[]>;
};

/** UTC hours since 1970 whose readings changed since they were last folded into episodes, of one station. */
export type ChangedHours = {
  readonly station: StationId;
  readonly hours: SeqRanges;
  /** Those of them where a reading came that is not newer than the station's `headMs`. */
  readonly behind: SeqRanges;
};

/** The fold of episodes at the end of an hour, as text: equal folds have equal texts. */
export type Checkpoint = { readonly hour: number; readonly fold: string };

/** A piece of one station's history that was folded anew. */
export type FoldedHours = {
  readonly station: StationId;
  /** Marks in [from, to] are cleared, but for those made since they were taken; checkpoints there give way to these. */
  readonly from: number;
  readonly to: number;
  readonly checkpoints: readonly Checkpoint[];
  /** The fold does not meet what was kept before: this hour must be folded next. */
  readonly again: number | null;
  /** The newest reading that is folded, told when nothing came after it: what is not newer is `behind` from now on. */
  readonly headMs: number | null;
  readonly put: readonly KeptEpisode[];
  readonly removed: readonly EpisodeKey[];
};

/**
 * What episodes are recomputed from. `append` marks in its own commit which hours changed: those of the readings that it
 * stores and, for a correction, those of the readings that it supersedes.
 */
export type HistoryStore = {
  takeLease(shard: string): Promise<number>;
  /** Stations with changed hours, the longest waiting first. What is appended from now on stays marked. */
  take(limit: number): Promise<ChangedHours[]>;
  /**
   * Readings of a gauge with `observedAtMs` >= `fromMs` in order, complete until `upToMs`, which is null when there are no
   * more. About `limit` of them; more where one day holds more.
   */
  from(
    station: StationId,
    gauge: GaugeId,
    fromMs: number,
    limit: number,
  ): Promise<{ readings: readonly StoredReading[]; upToMs: number | null }>;
  /** The last checkpoint of an hour before this one. */
  checkpointBefore(station: StationId, hour: number): Promise<Checkpoint | undefined>;
  /** Those of hours in [from, to], in order. */
  checkpoints(station: StationId, from: number, to: number): Promise<Checkpoint[]>;
  /**
   * Episodes that began before `toMs` and were not settled before `fromMs`, of one station or all: in order of
   * beginning, then severity, then settlement.
   */
  episodes(query: { station?: StationId; fromMs: number; toMs: number }): Promise<KeptEpisode[]>;
  /** By what rules each station's history was folded: see `refold`. */
  fingerprints(): Promise<ReadonlyMap<StationId, string>>;
  /**
   * Keeps the fingerprints, and marks the hours of these stations: all, or those from the hour of `fromMs` on. Null
   * forgets one and unmarks. One commit.
   */
  refold(work: {
    shard: string;
    fence: number;
    fingerprints: ReadonlyMap<StationId, string | null>;
    fromMs?: number;
  }): Promise<void>;
  /** One transaction, numbered changes last. Rejects with `lease-lost` like `JudgingStore.commit`. */
  commit(work: {
    shard: string;
    fence: number;
    knownAtMs: number;
    folded: readonly FoldedHours[];
    changes: readonly ChangeDraft[];
  }): Promise<Change[]>;
};

/** The numbered changes, for SSE and replay. `epoch` is the store's: another one starts its numbers again. */
export type ChangeLog = {
  readonly epoch: string;
  head(): number;
  /** `onChanges` is called in the same turn as each commit that numbered some, in order. Returns what ends it. */
  watch(onChanges: (changes: readonly Change[]) => void): () => void;
  /** Changes after `seq` in order, or null when they are no longer kept. */
  since(seq: number, limit: number): Promise<Change[] | null>;
};

/** A message, or part of one, that was refused. `payload` is what came in, cut at `maxPayloadBytes`. */
export type Rejected = {
  readonly station: StationId;
  readonly topic: string;
  readonly reason: RejectReason;
  readonly detail: string;
  readonly payload: Uint8Array;
  readonly sha256: string;
  readonly receivedAtMs: number;
};

/** What a reject is known by to the device that sent it. */
export type RejectName = Pick<Rejected, 'sha256' | 'reason'>;

/** How many messages of a station are no more kept, but were counted under their reason. */
export type DroppedRejects = { readonly station: StationId; readonly reason: RejectReason; readonly count: number };

/**
 * Durable rejects with their reason. `put` takes many in one commit and is durable when it resolves; the same
 * payload and reason counts up. A store may bound what it keeps of a station, and then counts what it drops.
 */
export type Quarantine = {
  put(rejects: readonly Rejected[]): Promise<void>;
  /** Newest first. */
  list(limit: number): Promise<(Omit<Rejected, 'payload'> & { readonly count: number })[]>;
  /** The newest rejects of one station since `sinceMs`, newest first. */
  recent(station: StationId, sinceMs: number, limit: number): Promise<RejectName[]>;
  dropped(): Promise<DroppedRejects[]>;
};

/** What is known of a station's device. */
export type Device = {
  readonly station: StationId;
  readonly connected: boolean;
  readonly connection: number;
  readonly health: Health | null;
  readonly healthAtMs: number | null;
  readonly about: About | null;
  readonly aboutAtMs: number | null;
};

export type FleetStore = {
  /** Keeps health unless it belongs to an older connection than what is kept; the device as it is kept now. */
  saveHealth(station: StationId, health: Health, receivedAtMs: number): Promise<Device>;
  saveAbout(station: StationId, about: About, receivedAtMs: number): Promise<Device>;
  devices(): Promise<Device[]>;
};

/** Sends a receipt or a command to a station; resolves when handed on, without a promise of arrival. */
export type DeviceChannel = {
  send(station: StationId, kind: CloudTopic, payload: Uint8Array): Promise<void>;
};

/**
 * Names a kind of record or journal and carries its type: each room declares its own with `recordKind`, and reads
 * and writes under it. What was written under a kind is trusted when read.
 */
export type RecordKind<T> = { readonly kind: string; readonly body?: T };

export function recordKind<T>(kind: string): RecordKind<T> {
  return { kind };
}

/** A record as it is kept. `version` rises by one with every put. */
export type Kept<T> = { readonly id: string; readonly version: number; readonly body: T };

/** A record on its way in: the whole after-image. */
export type Put<T = unknown> = {
  readonly kind: RecordKind<T>;
  readonly id: string;
  readonly body: T;
  /** What it belongs to, to find it by: a station, a group, a person. */
  readonly subject?: string;
  /** Its place in time, to find it by. */
  readonly atMs?: number;
  /** Done with: kept, but not among the open ones. */
  readonly closed?: boolean;
  /** The version that it replaces, 0 for a new one: another one there refuses the whole commit with `state-conflict`. */
  readonly expect?: number;
};

/** A put whose body matches its kind. */
export function put<T>(work: Put<T>): Put {
  return work;
}

/** A line on its way into a journal: appended, never changed. */
export type JournalDraft = {
  readonly kind: RecordKind<unknown>;
  readonly subject: string;
  readonly body: unknown;
};
export type JournalLine<T> = { readonly no: number; readonly atMs: number; readonly subject: string; readonly body: T };

/** A change on its way to its number. */
export type ChangeDraft = WithoutNumber<Change>;
type WithoutNumber<C> = C extends Change ? Omit<C, 'seq' | 'knownAt'> : never;

/**
 * An act on its way into the audit. `actor`, `act` and `subject` are ids and stay for ever; `reason`, `before` and
 * `after` may hold free text and can be erased later, which leaves a tombstone and an unbroken chain.
 */
export type AuditDraft = {
  readonly actor: string;
  /** What was done: `alarm.acknowledge`, `account.create`. */
  readonly act: string;
  readonly subject: string;
  readonly reason?: string | null;
  readonly before?: unknown;
  readonly after?: unknown;
};

/** Everything that one decision writes: all of it or nothing, durable when `commit` resolves. */
export type StateWork = {
  readonly nowMs: number;
  readonly puts?: readonly Put[];
  readonly removes?: readonly { readonly kind: RecordKind<unknown>; readonly id: string }[];
  readonly journal?: readonly JournalDraft[];
  readonly audit?: readonly AuditDraft[];
  /** Numbered last, so that order of number is order of commit. */
  readonly changes?: readonly ChangeDraft[];
  /** Proves the lease of a shard, as in `JudgingStore`: refused with `lease-lost` when another has taken it. */
  readonly lease?: { readonly shard: string; readonly fence: number };
};

export type RecordQuery = {
  /** Only those not closed. */
  readonly open?: boolean;
  readonly subject?: string;
  /** By `atMs`, [fromMs, toMs). */
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly limit?: number;
};

export type JournalQuery = {
  readonly subject?: string;
  /** Lines with a lower number only: to page back. */
  readonly before?: number;
  readonly fromMs?: number;
  readonly toMs?: number;
  /** At most so many; 1000 unless told. */
  readonly limit?: number;
};

/**
 * The relational state of all rooms: records (after-images by id), journals (append-only) and the audit, written in one
 * transaction. Rooms with little open state keep it in memory and write through.
 */
export type StateStore = {
  record<T>(kind: RecordKind<T>, id: string): Promise<Kept<T> | undefined>;
  /** Newest `atMs` first, then by id. */
  records<T>(kind: RecordKind<T>, query?: RecordQuery): Promise<Kept<T>[]>;
  /** Newest first. */
  journal<T>(kind: RecordKind<T>, query?: JournalQuery): Promise<JournalLine<T>[]>;
  /** `lines`: the numbers that the journal's lines got, in order. */
  commit(work: StateWork): Promise<{ readonly changes: readonly Change[]; readonly lines: readonly number[] }>;
};

/** A line of the audit as it is kept. `details` is null once erased; `digest` stays and is what the chain holds. */
export type AuditLine = {
  readonly no: number;
  readonly atMs: number;
  readonly actor: string;
  readonly act: string;
  readonly subject: string;
  readonly digest: string;
  readonly previous: string;
  readonly hash: string;
  /** JSON of reason, before, after and a salt: exactly the text that was digested. */
  readonly details: string | null;
};

/** The record of every act, hash-chained. Written by `StateStore.commit` alone. */
export type AuditLog = {
  /** Newest first; `before` a number, at most `limit`. */
  list(query: { before?: number; limit: number; actor?: string; subject?: string }): Promise<AuditLine[]>;
  /** Oldest first, for verifying: lines after `no`. */
  since(no: number, limit: number): Promise<AuditLine[]>;
  head(): Promise<{ readonly no: number; readonly hash: string }>;
  /** Erases the details of lines, and says so in a line of its own, in one commit. */
  erase(nos: readonly number[], by: { actor: string; reason: string; nowMs: number }): Promise<void>;
};
