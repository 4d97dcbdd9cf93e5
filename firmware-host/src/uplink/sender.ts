/**
 * Empties the outbox over the uplink, in lanes: the newest live readings as soon as they are stored or released,
 * behind them the backlog, oldest first, in batches, and last the corrections of uncertain times. Readings leave
 * the outbox on receipts only.
 *
 * While numbers are in doubt (outbox.ts) they go before all other backlog, which waits for the verdict; a batch of
 * them that the cloud refuses is taken apart (history.ts).
 */
import { hash } from 'node:crypto';
import {
  type Command,
  decodeReceipt,
  maxRangesPerMessage,
  type Reading,
  type Receipt,
  type SeqRanges,
} from '@siaga/protocol';
import type { Logger } from 'pino';
import { messageOf } from '../errors.ts';
import { intersect, rangesOf, subtract, unite } from '../outbox/ledger.ts';
import type { Outbox, StoredReading } from '../outbox/outbox.ts';
import { monotonicMs, pause } from '../wait.ts';
import { nextOfBacklog } from './backlog.ts';
import { encodeBatch, withFirst } from './batch.ts';
import type { Corrections } from './corrections.ts';
import { learnt, type OtherHistory } from './history.ts';
import { createLiveLane } from './live.ts';
import { createPace } from './pace.ts';
import { createPatience } from './patience.ts';
import { correctionsIn, coverageOf, judgeReceipt, toMove } from './receipts.ts';
import type { Uplink } from './uplink.ts';
import {
  afterCorrections,
  afterReceipt,
  backlogHasRoom,
  backlogShare,
  inFlight,
  type Lane,
  lostInFlight,
  occupied,
  overdue,
  type Sent,
  windowSize,
} from './window.ts';

export type SenderCounts = {
  readonly publishes: number;
  readonly acks: number;
  readonly receipts: number;
  readonly ignoredReceipts: number;
  readonly quarantined: number;
  readonly mints: number;
};

export type Sender = {
  /**
   * A reading has become durable. One to be held stays out of every lane until `release` or the next one that is
   * not held: so calm readings share a message.
   */
  stored(reading: StoredReading, how?: { readonly hold: boolean }): void;
  /** It is time to report: what is held goes. */
  release(): void;
  connected(): void;
  disconnected(): void;
  /** Takes the payload of a receipt; what cannot be read is logged and ignored. */
  receipt(payload: Uint8Array): void;
  /** Sends again what is still kept of a range; false when it names another stream. */
  resend(command: Extract<Command, { act: 'resend' }>): boolean;
  counts(): SenderCounts;
  /**
   * Numbers that wait for the link: those without a receipt that no broker has taken in this run and that are not
   * held for the next report. Where receipts are seldom, much that the outbox keeps as unsettled is safe long since.
   */
  waiting(): SeqRanges;
  /** Resolves when the live readings are out and acknowledged, or after `ms`; what is held goes, too. */
  drain(ms: number): Promise<void>;
  stop(): Promise<void>;
};

export type SenderOptions = {
  /** Without it every time goes out as it was stamped, once. */
  readonly corrections?: Corrections;
  /**
   * The cloud's clock stood at `serverTimeMs` at some time between the two monotonic times (wait.ts). Told where a
   * receipt is known to answer a message of this connection; with hourly receipts the two lie far apart.
   */
  readonly onServerTime?: (serverTimeMs: number, sentMonoMs: number, receivedMonoMs: number) => void;
  readonly verdictMs?: number;
  /** Least real ms between a message of the backlog and the one before it. */
  readonly spacingMs?: number;
};

const livePaceMs = 10;
/**
 * After a proof of another history (receipts.ts) nothing new is sent for this long, so that the word on what is
 * under way comes in: the cloud sends a receipt within a second.
 */
const defaultVerdictMs = 2_500;
const timerMs = 500;
/** Hashes kept of messages that are done with: a rejection may come in a later receipt than the settlement. */
const rememberedMessages = 128;

const asStamped: Corrections = {
  expose: async () => undefined,
  outgoing: ({ reading }) => reading,
  pending: () => [],
  corrected: ({ reading }) => reading,
  settled: () => undefined,
};

export function createSender(outbox: Outbox, uplink: Uplink, log: Logger, options: SenderOptions = {}): Sender {
  const { corrections = asStamped, onServerTime, verdictMs = defaultVerdictMs } = options;
  const ending = new AbortController();
  const live = createLiveLane(outbox.state().lastSeq);
  const pace = createPace(options.spacingMs);
  const patience = createPatience();
  let sent: Sent[] = [];
  /** When each message left, by the kernel's clock. */
  const leftMonoMs = new Map<string, number>();
  let remembered: Sent[] = [];
  let confirmed: SeqRanges = [];
  let asked: SeqRanges = [];
  let version = 0;
  /** The newest receipt of this connection. */
  let newestReceipt: Receipt | null = null;
  let otherHistory: OtherHistory | null = null;
  let counts = { publishes: 0, acks: 0, receipts: 0, ignoredReceipts: 0, quarantined: 0, mints: 0 };
  let receiptTurn: Promise<void> = Promise.resolve();
  let pumping: Promise<void> | null = null;
  let pumpAgain = false;
  let stepping = false;
  let later: NodeJS.Timeout | null = null;

  const count = (name: keyof typeof counts, by = 1): void => {
    counts = { ...counts, [name]: counts[name] + by };
  };
  const touchHistory = (): void => {
    if (otherHistory) otherHistory = { ...otherHistory, atMs: performance.now() };
  };

  /** Takes messages out of the window; their hashes stay known for a while. */
  const done = (messages: readonly Sent[]): void => {
    if (messages.length === 0) return;
    sent = sent.filter((other) => !messages.includes(other));
    remembered = [...remembered, ...messages].slice(-rememberedMessages);
    for (const { sha256 } of messages) leftMonoMs.delete(sha256);
  };

  type Message = {
    readonly lane: Lane;
    readonly rev: number;
    readonly lost: SeqRanges;
    readonly head: StoredReading;
    readonly outgoing: (stored: StoredReading) => Reading;
  };

  const publish = (batch: readonly StoredReading[], { lane, ...content }: Message, stream: string): void => {
    const { payload, readings } = encodeBatch(batch, { ...content, stream });
    const seqs = rangesOf(readings.map(({ reading }) => reading.seq));
    const sentAtMs = performance.now();
    const message: Sent = {
      sha256: hash('sha256', payload),
      rev: content.rev,
      seqs,
      lost: content.lost,
      lane,
      sentAtMs,
      ackedAtMs: null,
      crossed: false,
      fresh: newestReceipt !== null && intersect(coverageOf(newestReceipt), seqs).length === 0,
    };
    sent = [...sent, message];
    leftMonoMs.set(message.sha256, monotonicMs());
    pace.sent(sentAtMs);
    touchHistory();
    count('publishes');
    uplink.publish('readings', payload).then(
      () => {
        count('acks');
        if (lane !== 'live') pace.acknowledged(readings.length, performance.now() - sentAtMs);
        acknowledged(message.sha256, stream);
        if (content.rev === 0) asked = subtract(asked, seqs);
        pump();
      },
      (error) => {
        sent = sent.filter(({ sha256 }) => sha256 !== message.sha256);
        leftMonoMs.delete(message.sha256);
        log.debug({ err: messageOf(error), seqs }, 'not acknowledged; it stays in the outbox');
        pump();
      },
    );
  };

  const acknowledged = (sha256: string, stream: string): void => {
    const message = sent.find((other) => other.sha256 === sha256);
    const { doubt, stream: present } = outbox.state();
    if (!message || present !== stream) return;
    touchHistory();
    if (doubt && message.rev === 0) confirmed = unite(confirmed, message.seqs);
    if (doubt && message.crossed && !otherHistory) {
      // In doubt only a receipt of after our commit counts. This one was, if it was the first to name these numbers.
      if (message.fresh && newestReceipt && subtract(message.seqs, coverageOf(newestReceipt)).length === 0) {
        const meant = newestReceipt;
        inReceiptTurn(() => apply(meant, true));
      } else {
        // Sending once more, now, brings one.
        done([message]);
        return;
      }
    }
    sent = sent.map((other) => (other === message ? { ...message, ackedAtMs: performance.now() } : other));
  };

  const isDone = (): ((seq: number) => boolean) => {
    const ranges = unite(inFlight(sent, 0), outbox.state().settled);
    return (seq) => intersect(ranges, [[seq, seq]]).length > 0;
  };

  /** Durable first that these go out as they do; false when the world has changed meanwhile. */
  const exposed = async (readings: readonly StoredReading[], stream: string): Promise<boolean> => {
    await corrections.expose(readings);
    return stream === outbox.state().stream && uplink.connected();
  };

  const sendLive = async (stream: string, lost: SeqRanges): Promise<boolean> => {
    if (otherHistory) return false;
    const readings = live.take(stream, isDone());
    const [head] = readings;
    if (!head) return false;
    if (await exposed(readings, stream))
      publish(readings, { lane: 'live', rev: 0, lost, head, outgoing: corrections.outgoing }, stream);
    return true;
  };

  const sendBacklog = async (stream: string, lost: SeqRanges): Promise<boolean> => {
    const next = nextOfBacklog({
      outbox: outbox.state(),
      sent,
      asked,
      confirmed,
      otherHistory,
      free: live.free,
      slow: patience.isSlow(),
    });
    if (next.probe && otherHistory) otherHistory = { ...otherHistory, probes: otherHistory.probes.slice(1) };
    const leased = next.seqs.length > 0 ? await outbox.lease(next.seqs, next.probe ? 1_000 : pace.size()) : [];
    const readings = withFirst(leased);
    // What a part of a refused message holds of other heads is sent as the next part.
    if (next.probe && otherHistory && readings.length < leased.length)
      otherHistory = {
        ...otherHistory,
        probes: [
          rangesOf(leased.filter((one) => !readings.includes(one)).map(({ reading }) => reading.seq)),
          ...otherHistory.probes,
        ],
      };
    // A message needs a reading to say which gauge and boot it comes from.
    const head = readings[0] ?? live.newest();
    if (!head || (readings.length === 0 && lost.length === 0)) return false;
    // While the disk was read the stream may have been replaced, or the connection lost.
    if (await exposed(readings, stream))
      publish(readings, { lane: 'backlog', rev: 0, lost, head, outgoing: corrections.outgoing }, stream);
    return true;
  };

  const sendCorrections = async (stream: string): Promise<boolean> => {
    const { settled, held, doubt } = outbox.state();
    if (otherHistory || doubt) return false;
    const open = intersect(intersect(corrections.pending(), settled), held);
    const seqs = subtract(open, inFlight(sent, 1));
    const readings = seqs.length > 0 ? withFirst(await outbox.lease(seqs, pace.size())) : [];
    const [head] = readings;
    if (!head) return false;
    if (stream === outbox.state().stream && uplink.connected())
      publish(readings, { lane: 'corrections', rev: 1, lost: [], head, outgoing: corrections.corrected }, stream);
    return true;
  };

  /** Sends one message if there is one and room for it. */
  const step = async (): Promise<boolean> => {
    const nowMs = performance.now();
    const late = overdue(sent, nowMs, otherHistory ? verdictMs : patience.ms());
    if (!otherHistory) patience.lapsed(late.flatMap(({ ackedAtMs }) => ackedAtMs ?? []));
    done(late);
    const { stream, doubt } = outbox.state();
    const slow = patience.isSlow();
    // A refusal costs a receipt's place: while numbers may be refused, each message counts whole.
    const filled = occupied(sent, { slow, each: doubt !== null });
    if (filled >= windowSize) return false;
    const lost = subtract(outbox.state().lost, lostInFlight(sent)).slice(0, maxRangesPerMessage);
    if (await sendLive(stream, lost)) return true;
    if (filled >= backlogShare || !backlogHasRoom(sent)) return false;
    const waitMs = pace.waitMs(performance.now());
    if (waitMs > 0) {
      later ??= setTimeout(() => {
        later = null;
        pump();
      }, waitMs);
      return false;
    }
    return (await sendBacklog(stream, lost)) || (await sendCorrections(stream));
  };

  const run = async (): Promise<void> => {
    do {
      pumpAgain = false;
      for (;;) {
        if (!uplink.connected() || ending.signal.aborted) break;
        stepping = true;
        const more = await step().finally(() => {
          stepping = false;
        });
        if (!more) break;
        await pause(livePaceMs, ending.signal);
      }
    } while (pumpAgain && !ending.signal.aborted);
  };

  const pump = (): void => {
    pumpAgain = true;
    if (pumping || ending.signal.aborted) return;
    pumping = run().then(
      () => {
        pumping = null;
        // Asked for between the last look and here: it must not wait for the timer.
        if (pumpAgain) pump();
      },
      (error) => {
        pumping = null;
        log.error({ err: messageOf(error) }, 'sending stopped; it goes on in a moment');
      },
    );
  };

  /** The receipt proves that the cloud's clock stood where it says after the newest message that it is the first to name. */
  const tellServerTime = (receipt: Receipt, receivedMonoMs: number): void => {
    const covered = coverageOf(receipt);
    const answered = sent
      .filter(({ rev, fresh, seqs }) => rev === 0 && fresh && intersect(seqs, covered).length > 0)
      .filter(({ seqs }) => newestReceipt && intersect(seqs, coverageOf(newestReceipt)).length === 0)
      .flatMap(({ sha256 }) => leftMonoMs.get(sha256) ?? []);
    if (answered.length > 0) onServerTime?.(Date.parse(receipt.serverTime), Math.max(...answered), receivedMonoMs);
  };

  const takeReceipt = async (payload: Uint8Array, receivedMonoMs: number): Promise<void> => {
    const receipt = decodeReceipt(payload);
    if (!receipt.ok) return log.warn({ reason: receipt.reason }, 'unreadable receipt');
    await apply(receipt.value, false, receivedMonoMs);
  };

  /** `again`: the receipt was taken before, and now it is known that it meant more. */
  const apply = async (receipt: Receipt, again: boolean, receivedMonoMs?: number): Promise<void> => {
    const messages = new Map([...remembered, ...sent].map((message) => [message.sha256, message]));
    const state = outbox.state();
    const context = { outbox: state, storeId: outbox.storeId(), version: again ? 0 : version, messages, confirmed };
    const verdict = judgeReceipt(receipt, context);
    if (verdict.kind === 'ignored') {
      if (!again) count('ignoredReceipts');
      return;
    }
    if (!again) {
      count('receipts');
      patience.receipt(receipt.nextReceiptS, performance.now());
      if (receivedMonoMs !== undefined && verdict.kind === 'settle') tellServerTime(receipt, receivedMonoMs);
      newestReceipt = receipt;
      version = receipt.version;
    }
    if (verdict.kind === 'other-history' || otherHistory) {
      takeOtherHistory(receipt, verdict.kind === 'other-history' ? verdict.refused : []);
      return pump();
    }
    for (const { reason, seqs } of verdict.quarantined) {
      count('quarantined');
      log.warn({ reason, seqs }, 'the cloud put a message into quarantine');
    }
    await outbox.settle(verdict.settlement);
    const { settled, doubt } = outbox.state();
    // A restored store has forgotten what it acknowledged: nothing that it did not list is under way.
    if (verdict.settlement.how === 'replace') done(sent.filter(({ ackedAtMs }) => ackedAtMs !== null));
    done(afterReceipt(sent, settled).settled);
    const corrected = correctionsIn(receipt, messages);
    if (corrected.length > 0) corrections.settled(corrected);
    sent = afterCorrections(sent, corrected);
    if (!again) sent = sent.map((message) => (message.ackedAtMs === null ? { ...message, crossed: true } : message));
    if (doubt === null) confirmed = [];
    pump();
  };

  const takeOtherHistory = (receipt: Receipt, refused: readonly SeqRanges[]): void => {
    if (!otherHistory)
      log.warn({ refused: refused.length, upTo: receipt.upTo }, 'the cloud has other readings under our numbers');
    // Where a receipt takes an hour, halves would take a day: then all of a refused message moves.
    otherHistory = learnt(otherHistory, receipt, refused, { nowMs: performance.now(), whole: patience.isSlow() });
    for (const seqs of refused) confirmed = subtract(confirmed, seqs);
    const named = new Set(receipt.rejected.map(({ sha256 }) => sha256));
    // Each refusal is taken once: the cloud tells its newest ones again at every connection.
    sent = sent.filter(({ sha256 }) => !named.has(sha256));
    remembered = remembered.filter(({ sha256 }) => !named.has(sha256));
    // What had its PUBACK before this receipt and is not refused in it is taken.
    done(sent.filter(({ ackedAtMs }) => ackedAtMs !== null));
  };

  /** Begins the new stream when the word on everything under way is in. */
  const beginAnew = async (): Promise<void> => {
    if (!otherHistory || performance.now() - otherHistory.atMs < verdictMs) return;
    if (otherHistory.probes.length > 0 || sent.some(({ ackedAtMs }) => ackedAtMs === null)) return;
    const seqs = toMove(otherHistory.receipt, { outbox: outbox.state(), confirmed }, otherHistory.conflicts);
    // A full disk refuses: the next attempt waits as long again.
    touchHistory();
    const stream = await outbox.remint(seqs);
    count('mints');
    log.warn({ moved: seqs, stream }, 'began a new stream');
    forgetStream();
    pump();
  };

  const inReceiptTurn = (work: () => Promise<void>): void => {
    receiptTurn = receiptTurn.then(work).catch((error) => log.error({ err: messageOf(error) }, 'receipt not applied'));
  };

  const timer = setInterval(
    () => {
      if (otherHistory) inReceiptTurn(beginAnew);
      pump();
    },
    Math.min(timerMs, verdictMs),
  );

  const forgetStream = (): void => {
    sent = [];
    leftMonoMs.clear();
    remembered = [];
    live.forget(outbox.state().lastSeq);
    confirmed = [];
    asked = [];
    version = 0;
    newestReceipt = null;
    otherHistory = null;
  };

  return {
    stored(reading, { hold } = { hold: false }) {
      live.add(reading, hold);
      if (!hold) pump();
    },
    release() {
      live.release();
      pump();
    },
    connected() {
      newestReceipt = null;
      live.joined();
      pump();
    },
    disconnected() {
      live.parted();
    },
    receipt(payload) {
      const receivedMonoMs = monotonicMs();
      inReceiptTurn(() => takeReceipt(payload, receivedMonoMs));
    },
    resend({ stream, from, to }) {
      if (stream !== outbox.state().stream) return false;
      asked = unite(asked, intersect(outbox.state().held, [[from, to]]));
      pump();
      return true;
    },
    counts: () => counts,
    waiting: () => {
      const taken = sent.filter(({ ackedAtMs }) => ackedAtMs !== null);
      return live.free(subtract(outbox.state().unsettled, inFlight(taken, 0)));
    },
    async drain(ms) {
      live.release();
      pump();
      const untilMs = performance.now() + ms;
      const busy = () => stepping || live.waits(isDone()) || sent.some(({ ackedAtMs }) => ackedAtMs === null);
      while (uplink.connected() && busy() && performance.now() < untilMs) await pause(livePaceMs);
    },
    async stop() {
      ending.abort();
      clearInterval(timer);
      if (later) clearTimeout(later);
      await pumping;
      await receiptTurn;
    },
  };
}
