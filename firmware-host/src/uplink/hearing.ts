/**
 * What the cloud says of what was sent: applies receipts to the outbox and to the messages under way, and when
 * another history is proven (receipts.ts), sees that all of it is known before a new stream begins.
 */
import { decodeReceipt, type Receipt, type SeqRanges } from '@siaga/protocol';
import type { Logger } from 'pino';
import { messageOf } from '../errors.ts';
import { intersect, subtract, unite } from '../outbox/ledger.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Corrections } from './corrections.ts';
import { learnt, type OtherHistory } from './history.ts';
import type { Patience } from './patience.ts';
import { correctionsIn, coverageOf, judgeReceipt, toMove } from './receipts.ts';
import type { UnderWay } from './under-way.ts';
import { afterCorrections, afterReceipt, overdue, type Sent } from './window.ts';

export type HearingCounts = {
  readonly receipts: number;
  readonly ignoredReceipts: number;
  readonly quarantined: number;
  readonly mints: number;
};

export type Hearing = {
  /** Takes the payload of a receipt that came at `receivedMonoMs`; what cannot be read is logged and ignored. */
  receipt(payload: Uint8Array, receivedMonoMs: number): void;
  /** A message left. */
  left(): void;
  /** A message of the present stream had its PUBACK. */
  acknowledged(message: Sent): void;
  /** A part of a refused message could not be sent: it is still to be sent. */
  probeAgain(seqs: SeqRanges): void;
  takeProbe(): void;
  /** Whether the cloud has said that it knows none of these numbers. */
  isFresh(seqs: SeqRanges): boolean;
  /** What waits for a receipt for too long may be sent again. */
  giveUpOverdue(): void;
  /** A receipt came over this connection. */
  heard(): boolean;
  /** Numbers in doubt that this run has sent and the broker has acknowledged. */
  confirmed(): SeqRanges;
  otherHistory(): OtherHistory | null;
  counts(): HearingCounts;
  /** A new connection: its receipts are to come. */
  joined(): void;
  /** Resolves when what came is applied. */
  stop(): Promise<void>;
};

export type HearingOptions = {
  readonly outbox: Outbox;
  readonly underWay: UnderWay;
  readonly patience: Patience;
  readonly corrections: Corrections;
  readonly log: Logger;
  readonly verdictMs: number;
  readonly onServerTime?: ((serverTimeMs: number, sentMonoMs: number, receivedMonoMs: number) => void) | undefined;
  /** Something may be sent now that could not before. */
  readonly onHeard: () => void;
  /** A new stream has begun; nothing under way is of it. */
  readonly onNewStream: () => void;
};

const timerMs = 500;

export function createHearing(options: HearingOptions): Hearing {
  const { outbox, underWay, patience, corrections, log, verdictMs, onServerTime, onHeard } = options;
  let confirmed: SeqRanges = [];
  let version = 0;
  /** The newest receipt of this connection. */
  let newest: Receipt | null = null;
  let other: OtherHistory | null = null;
  let counts: HearingCounts = { receipts: 0, ignoredReceipts: 0, quarantined: 0, mints: 0 };
  let turn: Promise<void> = Promise.resolve();

  const count = (name: keyof HearingCounts): void => {
    counts = { ...counts, [name]: counts[name] + 1 };
  };
  const touch = (): void => {
    if (other) other = { ...other, atMs: performance.now() };
  };
  const inTurn = (work: () => Promise<void>): void => {
    turn = turn.then(work).catch((error) => log.error({ err: messageOf(error) }, 'receipt not applied'));
  };

  /** `again`: it was taken before, and now it is known that it meant more. */
  const apply = async (receipt: Receipt, again: boolean, receivedMonoMs = 0): Promise<void> => {
    const messages = underWay.known();
    const context = {
      outbox: outbox.state(),
      storeId: outbox.storeId(),
      version: again ? 0 : version,
      messages,
      confirmed,
    };
    const verdict = judgeReceipt(receipt, context);
    if (verdict.kind === 'ignored') {
      if (!again) count('ignoredReceipts');
      return;
    }
    if (!again) {
      count('receipts');
      patience.receipt(receipt.nextReceiptS, performance.now());
      if (verdict.kind === 'settle') tellServerTime(receipt, receivedMonoMs);
      newest = receipt;
      version = receipt.version;
    }
    if (verdict.kind === 'other-history' || other)
      takeOtherHistory(receipt, verdict.kind === 'other-history' ? verdict.refused : []);
    else {
      for (const { reason, seqs } of verdict.quarantined) {
        count('quarantined');
        log.warn({ reason, seqs }, 'the cloud put a message into quarantine');
      }
      await outbox.settle(verdict.settlement);
      // A restored store has forgotten what it acknowledged: nothing that it did not list is under way.
      if (verdict.settlement.how === 'replace')
        underWay.done(underWay.all().filter(({ ackedAtMs }) => ackedAtMs !== null));
      settled(receipt, messages, again);
    }
    onHeard();
  };

  const settled = (receipt: Receipt, messages: ReadonlyMap<string, Sent>, again: boolean): void => {
    const state = outbox.state();
    underWay.done(afterReceipt(underWay.all(), state.settled).settled);
    const corrected = correctionsIn(receipt, messages);
    if (corrected.length > 0) corrections.settled(corrected);
    underWay.replace(afterCorrections(underWay.all(), corrected));
    if (!again) underWay.change((message) => (message.ackedAtMs === null ? { ...message, crossed: true } : message));
    if (state.doubt === null) confirmed = [];
  };

  /** The cloud's clock stood where the receipt says after the newest message left that it is the first to name. */
  const tellServerTime = (receipt: Receipt, receivedMonoMs: number): void => {
    const before = newest;
    if (!onServerTime || !before) return;
    const news = subtract(coverageOf(receipt), coverageOf(before));
    const answered = underWay
      .all()
      .filter(({ rev, fresh, seqs }) => rev === 0 && fresh && intersect(seqs, news).length > 0);
    if (answered.length === 0) return;
    onServerTime(
      Date.parse(receipt.serverTime),
      Math.max(...answered.map(({ leftMonoMs }) => leftMonoMs)),
      receivedMonoMs,
    );
  };

  const takeOtherHistory = (receipt: Receipt, refused: readonly SeqRanges[]): void => {
    if (!other)
      log.warn({ refused: refused.length, upTo: receipt.upTo }, 'the cloud has other readings under our numbers');
    // Where a receipt takes an hour, halves would take a day: then all of a refused message moves.
    other = learnt(other, receipt, refused, { nowMs: performance.now(), whole: patience.isSlow() });
    for (const seqs of refused) confirmed = subtract(confirmed, seqs);
    // Each refusal is taken once: the cloud tells its newest ones again at every connection.
    underWay.forget(new Set(receipt.rejected.map(({ sha256 }) => sha256)));
    // What had its PUBACK before this receipt and is not refused in it is taken.
    underWay.done(underWay.all().filter(({ ackedAtMs }) => ackedAtMs !== null));
  };

  /** Begins the new stream when the word on everything under way is in. */
  const beginAnew = async (): Promise<void> => {
    if (!other || performance.now() - other.atMs < verdictMs) return;
    if (other.probes.length > 0 || underWay.all().some(({ ackedAtMs }) => ackedAtMs === null)) return;
    const seqs = toMove(other.receipt, { outbox: outbox.state(), confirmed }, other.conflicts);
    // A full disk refuses: the next attempt waits as long again.
    touch();
    const stream = await outbox.remint(seqs);
    count('mints');
    log.warn({ moved: seqs, stream }, 'began a new stream');
    underWay.clear();
    confirmed = [];
    version = 0;
    newest = null;
    other = null;
    options.onNewStream();
  };

  const timer = setInterval(
    () => {
      if (other) inTurn(beginAnew);
      onHeard();
    },
    Math.min(timerMs, verdictMs),
  );

  return {
    receipt(payload, receivedMonoMs) {
      inTurn(async () => {
        const receipt = decodeReceipt(payload);
        if (receipt.ok) await apply(receipt.value, false, receivedMonoMs);
        else log.warn({ reason: receipt.reason }, 'unreadable receipt');
      });
    },
    left: touch,
    acknowledged(message) {
      touch();
      const { doubt } = outbox.state();
      if (doubt && message.rev === 0) confirmed = unite(confirmed, message.seqs);
      if (doubt && message.crossed && !other) {
        const meant = newest;
        // In doubt only a receipt of after our commit counts. Sending once more, now, brings one; unless the one that
        // crossed it was the first to name its numbers.
        if (!meant || !message.fresh || subtract(message.seqs, coverageOf(meant)).length > 0) {
          underWay.done([message]);
          return;
        }
        inTurn(() => apply(meant, true));
      }
      underWay.change((one) => (one === message ? { ...message, ackedAtMs: performance.now() } : one));
    },
    probeAgain(seqs) {
      if (other) other = { ...other, probes: [seqs, ...other.probes] };
    },
    takeProbe() {
      if (other) other = { ...other, probes: other.probes.slice(1) };
    },
    isFresh: (seqs) => newest !== null && intersect(coverageOf(newest), seqs).length === 0,
    giveUpOverdue() {
      const late = overdue(underWay.all(), performance.now(), other ? verdictMs : patience.ms());
      if (!other) patience.lapsed(late.flatMap(({ ackedAtMs }) => ackedAtMs ?? []));
      underWay.done(late);
    },
    heard: () => newest !== null,
    confirmed: () => confirmed,
    otherHistory: () => other,
    counts: () => counts,
    joined() {
      newest = null;
    },
    async stop() {
      clearInterval(timer);
      await turn;
    },
  };
}
