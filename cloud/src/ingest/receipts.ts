import {
  type Clock,
  coverageOf,
  encodeJson,
  maxRangesPerMessage,
  type Receipt,
  type RejectReason,
  type SeqRanges,
  type StationId,
  type StreamId,
} from '@siaga/protocol';
import type { DeviceChannel, Quarantine, ReadingStore } from '../ports.ts';
import type { IngestOutcome } from './ingest.ts';
import { createReceiptNeed } from './receipt-need.ts';

/** What a receipt says beyond the settled numbers. */
type ReceiptNews = {
  readonly corrections: readonly { readonly rev: number; readonly from: number; readonly to: number }[];
  readonly rejected: readonly { readonly sha256: string; readonly reason: RejectReason }[];
};

/** The receipt of a stream whose settled numbers are `settled`. */
function receiptOf(
  stream: StreamId,
  settled: SeqRanges,
  said: ReceiptNews & {
    readonly storeId: string;
    readonly version: number;
    readonly nextReceiptS: number;
    readonly nowMs: number;
  },
): Receipt {
  return {
    v: 1,
    storeId: said.storeId,
    version: said.version,
    stream,
    ...coverageOf(settled),
    ...(said.corrections.length > 0 ? { corrections: [...said.corrections] } : {}),
    nextReceiptS: said.nextReceiptS,
    serverTime: new Date(said.nowMs).toISOString(),
    rejected: [...said.rejected],
  };
}

/** Receipts that one opening of a store can number: versions go on above it after the next. */
const versionsPerOpening = 1_000_000_000;

type Pending = { corrections: ReceiptNews['corrections'][number][]; rejected: ReceiptNews['rejected'][number][] };

/**
 * What may wait for a station's next receipts: a device that floods us must not fill the memory. What is left out
 * is said when it sends the same again, or comes back.
 */
const maxPendingStreams = 32;
const maxPendingNews = 256;

/** How far back a device that comes back is told again what of its messages is in quarantine. */
const retoldMs = 24 * 3_600_000;

export type Receipts = {
  /** Takes note of what became settled; the receipt follows within `minPauseMs`. */
  note(outcome: IngestOutcome): void;
  /**
   * Says where a stream stands without news, to a device that tells of itself for the first time in a connection.
   * Its newest rejects are said again: the receipt that told of them may be lost.
   */
  announce(station: StationId, stream: StreamId, connection: number): Promise<void>;
  /** Forgets what is pending and sends nothing more. */
  close(): void;
};

export type ReceiptsOptions = {
  readonly readings: Pick<ReadingStore, 'storeId' | 'generation' | 'settled'>;
  readonly quarantine: Pick<Quarantine, 'recent'>;
  readonly channel: DeviceChannel;
  readonly clock: Clock;
  /** Least real ms between two receipts to one station. */
  readonly minPauseMs?: number;
  /** Real seconds after which a device that heard nothing may send again. */
  readonly nextReceiptS?: number;
  /** The same for a calm device, which then gets receipts this seldom (receipt-need.ts). */
  readonly calmReceiptS?: number;
  /** A receipt could not be handed on: what it said goes into the station's next one. */
  readonly onFailure?: (station: StationId, error: unknown) => void;
};

/**
 * Sends receipts, coalesced: the first at once, then at most one in `minPauseMs` and station. What it says is
 * read from the store when it is sent, so that nothing is promised that is not durable.
 */
export function createReceipts(options: ReceiptsOptions): Receipts {
  const { readings, quarantine, channel, clock, minPauseMs = 1000, onFailure = () => {} } = options;
  const need = createReceiptNeed({ busyS: options.nextReceiptS ?? 5, calmS: options.calmReceiptS ?? 6 * 3600 });
  const pending = new Map<StationId, Map<StreamId, Pending>>();
  const pacing = new Map<StationId, NodeJS.Timeout>();
  /** Stream and connection under which each station last told of itself. */
  const announced = new Map<StationId, string>();
  let version = readings.generation * versionsPerOpening;
  let closed = false;

  function pend(station: StationId, stream: StreamId): Pending {
    const streams = pending.get(station) ?? new Map<StreamId, Pending>();
    const known = streams.get(stream) ?? { corrections: [], rejected: [] };
    pending.set(station, streams.set(stream, known));
    for (const longest of streams.keys()) {
      if (streams.size <= maxPendingStreams) break;
      streams.delete(longest);
    }
    return known;
  }

  /** Adds rejects that are not said yet, the newest last. */
  function pendRejects(news: Pending, rejects: ReceiptNews['rejected']): void {
    for (const { sha256, reason } of rejects)
      if (!news.rejected.some((known) => known.sha256 === sha256 && known.reason === reason))
        news.rejected.push({ sha256, reason });
    news.rejected.splice(0, news.rejected.length - maxPendingNews);
  }

  function pendCorrections(news: Pending, corrections: ReceiptNews['corrections']): void {
    news.corrections.push(...corrections);
    news.corrections.splice(0, news.corrections.length - maxPendingNews);
  }

  function sendSoon(station: StationId): void {
    if (!closed && !pacing.has(station)) send(station);
  }

  /** Sends the receipt of one pending stream, the longest waiting first, and paces the next. */
  function send(station: StationId): void {
    pacing.delete(station);
    const streams = pending.get(station);
    const [next] = streams ?? [];
    if (streams === undefined || next === undefined) {
      pending.delete(station);
      return;
    }
    const [stream, news] = next;
    streams.delete(stream);
    const corrections = news.corrections.splice(0, maxRangesPerMessage);
    const rejected = news.rejected.splice(0, maxRangesPerMessage);
    if (news.corrections.length + news.rejected.length > 0) streams.set(stream, news);
    version += 1;
    const receipt = receiptOf(stream, readings.settled(station, stream).settled, {
      storeId: readings.storeId,
      version,
      nextReceiptS: need.sent(station, performance.now(), corrections.length + rejected.length > 0),
      nowMs: clock.now(),
      corrections,
      rejected,
    });
    channel.send(station, 'receipt', encodeJson(receipt)).catch((error: unknown) => {
      onFailure(station, error);
      if (closed) return;
      const kept = pend(station, stream);
      pendCorrections(kept, corrections);
      pendRejects(kept, rejected);
    });
    pacing.set(
      station,
      setTimeout(() => send(station), minPauseMs),
    );
  }

  return {
    note(outcome) {
      if (!need.message(outcome, performance.now())) return;
      const news = pend(outcome.station, outcome.stream);
      pendRejects(news, outcome.rejected);
      if (outcome.rev > 0) {
        const ranges = [outcome.stored, outcome.duplicates, ...outcome.rejected.map(({ seqs }) => seqs)].flat();
        pendCorrections(
          news,
          ranges.map(([from, to]) => ({ rev: outcome.rev, from, to })),
        );
      }
      sendSoon(outcome.station);
    },
    async announce(station, stream, connection) {
      const place = `${stream}/${connection}`;
      const isNew = announced.get(station) !== place;
      const rejects = isNew ? await quarantine.recent(station, clock.now() - retoldMs, maxRangesPerMessage) : [];
      if (closed) return;
      announced.set(station, place);
      // Health comes every quarter of an hour; what a receipt says of a calm device has been said.
      if (!isNew) return;
      need.arrived(station, performance.now());
      pendRejects(pend(station, stream), rejects);
      sendSoon(station);
    },
    close() {
      closed = true;
      for (const timer of pacing.values()) clearTimeout(timer);
      pacing.clear();
      pending.clear();
    },
  };
}
