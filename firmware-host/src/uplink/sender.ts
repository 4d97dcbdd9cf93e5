/**
 * Empties the outbox over the uplink, in two lanes: the newest live readings as soon as they are stored,
 * and behind them the backlog, oldest first, in batches. Readings leave the outbox on receipts only.
 *
 * While numbers are in doubt (outbox.ts) each of them travels alone, so that a rejection tells exactly
 * which reading it means, and later backlog waits for the verdict.
 */
import { hash } from 'node:crypto';
import {
  addRanges,
  type Command,
  consecutiveRuns,
  decodeReceipt,
  encodeReadings,
  maxRangesPerMessage,
  type Receipt,
  removeRange,
  type SeqRanges,
} from '@siaga/protocol';
import type { Logger } from 'pino';
import { messageOf } from '../errors.ts';
import { intersect, rangesOf, subtract } from '../outbox/ledger.ts';
import type { Outbox, StoredReading } from '../outbox/outbox.ts';
import { pause } from '../wait.ts';
import { judgeReceipt, toMove } from './receipts.ts';
import type { Uplink } from './uplink.ts';
import {
  afterReceipt,
  afterWaiting,
  backlogShare,
  inFlight,
  lostInFlight,
  occupied,
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
  /** A reading has become durable. */
  stored(reading: StoredReading): void;
  connected(): void;
  disconnected(): void;
  /** Takes the payload of a receipt; what cannot be read is logged and ignored. */
  receipt(payload: Uint8Array): void;
  /** Sends again what is still kept of a range; false when it names another stream. */
  resend(command: Extract<Command, { act: 'resend' }>): boolean;
  counts(): SenderCounts;
  /** Resolves when the live readings are out and acknowledged, or after `ms`. */
  drain(ms: number): Promise<void>;
  stop(): Promise<void>;
};

const batchSize = 240;
const liveQueueSize = 240;
/** Real ms between two publishes: 100 a second, what AWS IoT Core allows a connection. */
const paceMs = 10;
const firstNextReceiptS = 10;
/**
 * After a proof of another history (receipts.ts) nothing new is sent for this long, so that the word on what is
 * under way comes in: the cloud sends a receipt within a second.
 */
const defaultVerdictMs = 2_500;
const timerMs = 500;
/** Hashes kept of settled messages: a rejection may come in a later receipt than the settlement. */
const rememberedMessages = 128;

export function createSender(
  outbox: Outbox,
  uplink: Uplink,
  log: Logger,
  { verdictMs = defaultVerdictMs }: { readonly verdictMs?: number } = {},
): Sender {
  const ending = new AbortController();
  let sent: Sent[] = [];
  let settledMessages: Sent[] = [];
  let live: StoredReading[] = [];
  let newest: StoredReading | null = null;
  let confirmed: SeqRanges = [];
  let asked: SeqRanges = [];
  let version = 0;
  /** Another history is proven: the newest receipt, the conflicts so far, and when we last sent or learnt something. */
  let otherHistory: { receipt: Receipt; conflicts: SeqRanges; atMs: number } | null = null;
  let nextReceiptS = firstNextReceiptS;
  let counts = { publishes: 0, acks: 0, receipts: 0, ignoredReceipts: 0, quarantined: 0, mints: 0 };
  let receiptTurn: Promise<void> = Promise.resolve();
  let pumping: Promise<void> | null = null;
  let pumpAgain = false;

  const count = (name: keyof typeof counts, by = 1): void => {
    counts = { ...counts, [name]: counts[name] + by };
  };

  const forget = (message: Sent): void => {
    sent = sent.filter((other) => other.sha256 !== message.sha256);
  };

  const send = (readings: readonly StoredReading[], lane: Sent['lane'], stream: string, lost: SeqRanges): void => {
    const first = readings[0] ?? newest;
    if (!first) return;
    const { boot, gauge, intervalS, maintenance } = first;
    const payload = encodeReadings({
      stream,
      boot,
      rev: 0,
      gauge,
      intervalS,
      maintenance,
      readings: readings.map(({ reading }) => reading),
      lost,
    });
    const seqs = rangesOf(readings.map(({ reading }) => reading.seq));
    const message: Sent = { sha256: hash('sha256', payload), seqs, lost, lane, ackedAtMs: null, crossed: false };
    sent = [...sent, message];
    if (otherHistory) otherHistory.atMs = performance.now();
    count('publishes');
    uplink.publish('readings', payload).then(
      () => {
        count('acks');
        acknowledged(message.sha256, stream);
        asked = subtract(asked, seqs);
        pump();
      },
      (error) => {
        forget(message);
        log.debug({ err: messageOf(error), seqs }, 'not acknowledged; it stays in the outbox');
        pump();
      },
    );
  };

  const acknowledged = (sha256: string, stream: string): void => {
    const message = sent.find((other) => other.sha256 === sha256);
    const { doubt, stream: present } = outbox.state();
    if (!message || present !== stream) return;
    if (otherHistory) otherHistory.atMs = performance.now();
    if (doubt) confirmed = addRanges(confirmed, message.seqs);
    // In doubt only a receipt from after the PUBACK counts. Sending once more, now, brings one.
    if (doubt && message.crossed && !otherHistory) forget(message);
    else sent = sent.map((other) => (other === message ? { ...message, ackedAtMs: performance.now() } : other));
  };

  const takeLive = (): StoredReading[] => {
    if (otherHistory) return [];
    const { stream, settled, doubt } = outbox.state();
    const done = addRanges(inFlight(sent), settled);
    live = live.filter((stored) => stored.stream === stream && !holds(done, stored.reading.seq));
    const run = runsOf(live).at(-1) ?? [];
    const taken = doubt ? run.slice(-1) : run.slice(-batchSize);
    live = live.slice(0, live.length - taken.length);
    return taken;
  };

  const takeBacklog = async (): Promise<StoredReading[]> => {
    const { unsettled, held, doubt } = outbox.state();
    const eligible = subtract(addRanges(unsettled, intersect(asked, held)), inFlight(sent));
    if (!doubt) return otherHistory ? [] : headRun(await outbox.lease(eligible, batchSize));
    const doubtful = intersect(eligible, [[doubt.fromSeq, doubt.toSeq]]);
    // Readings of earlier runs may be of either history: the cloud knows them, or refuses them.
    if (otherHistory) return outbox.lease(subtract(removeRange(doubtful, doubt.toSeq, doubt.toSeq), confirmed), 1);
    if (doubtful.length > 0) return outbox.lease(doubtful, 1);
    if (doubt.fromSeq <= 1) return [];
    return headRun(await outbox.lease(intersect(eligible, [[1, doubt.fromSeq - 1]]), batchSize));
  };

  /** Sends one message if there is one and room for it. */
  const step = async (): Promise<boolean> => {
    sent = afterWaiting(sent, performance.now(), nextReceiptS);
    const { stream, doubt } = outbox.state();
    // In doubt a receipt may bring a conflict for each message under way: then they stay few.
    const filled = occupied(sent, nextReceiptS, doubt ? 1 : batchSize);
    if (filled >= windowSize) return false;
    const lost = subtract(outbox.state().lost, lostInFlight(sent)).slice(0, maxRangesPerMessage);
    const fresh = takeLive();
    if (fresh.length > 0) {
      send(fresh, 'live', stream, lost);
      return true;
    }
    if (filled >= backlogShare) return false;
    const old = await takeBacklog();
    // While the disk was read the stream may have been replaced, or the connection lost.
    if (stream !== outbox.state().stream || !uplink.connected()) return true;
    // A message needs a reading to say which gauge and boot it comes from.
    if (old.length === 0 && (lost.length === 0 || newest === null)) return false;
    send(old, 'backlog', stream, lost);
    return true;
  };

  const run = async (): Promise<void> => {
    do {
      pumpAgain = false;
      while (uplink.connected() && !ending.signal.aborted && (await step())) await pause(paceMs, ending.signal);
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

  const takeReceipt = async (payload: Uint8Array): Promise<void> => {
    const receipt = decodeReceipt(payload);
    if (!receipt.ok) return log.warn({ reason: receipt.reason }, 'unreadable receipt');
    const messages = new Map([...settledMessages, ...sent].map((message) => [message.sha256, message]));
    const context = { outbox: outbox.state(), storeId: outbox.storeId(), version, messages, confirmed };
    const verdict = judgeReceipt(receipt.value, context);
    if (verdict.kind === 'ignored') return count('ignoredReceipts');
    count('receipts');
    nextReceiptS = receipt.value.nextReceiptS;
    if (verdict.kind === 'other-history' || otherHistory) {
      const conflicts = verdict.kind === 'other-history' ? verdict.conflicts : [];
      if (!otherHistory)
        log.warn({ verdict }, 'the cloud has other readings under our numbers: this outbox is an old copy');
      const known = addRanges(otherHistory?.conflicts ?? [], conflicts);
      const atMs = otherHistory && conflicts.length === 0 ? otherHistory.atMs : performance.now();
      otherHistory = { receipt: receipt.value, conflicts: known, atMs };
      version = receipt.value.version;
      return pump();
    }
    for (const { reason, seqs } of verdict.quarantined) {
      count('quarantined');
      log.warn({ reason, seqs }, 'the cloud put a message into quarantine');
    }
    version = receipt.value.version;
    await outbox.settle(verdict.settlement);
    const { settled, doubt } = outbox.state();
    // A restored store has forgotten what it acknowledged: nothing that it did not list is under way.
    if (verdict.settlement.how === 'replace') sent = sent.filter(({ ackedAtMs }) => ackedAtMs === null);
    const open = afterReceipt(sent, settled);
    settledMessages = [...settledMessages, ...sent.filter((message) => !open.includes(message))].slice(
      -rememberedMessages,
    );
    sent = open.map((message) => (message.ackedAtMs === null ? { ...message, crossed: true } : message));
    if (doubt === null) confirmed = [];
    pump();
  };

  /** Begins the new stream when the word on everything under way is in. */
  const beginAnew = async (): Promise<void> => {
    if (!otherHistory || performance.now() - otherHistory.atMs < verdictMs) return;
    if (sent.some(({ ackedAtMs }) => ackedAtMs === null)) return;
    const seqs = toMove(otherHistory.receipt, { outbox: outbox.state(), confirmed }, otherHistory.conflicts);
    // A full disk refuses: the next attempt waits as long again.
    otherHistory.atMs = performance.now();
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
    settledMessages = [];
    live = [];
    confirmed = [];
    asked = [];
    version = 0;
    otherHistory = null;
  };

  return {
    stored(reading) {
      newest = reading;
      live = [...live, reading].slice(-liveQueueSize);
      pump();
    },
    connected() {
      // What waited through the outage is backlog now; the newest reading goes first.
      live = newest ? [newest] : [];
      pump();
    },
    disconnected() {
      live = [];
    },
    receipt(payload) {
      inReceiptTurn(() => takeReceipt(payload));
    },
    resend({ stream, from, to }) {
      if (stream !== outbox.state().stream) return false;
      asked = addRanges(asked, intersect(outbox.state().held, [[from, to]]));
      pump();
      return true;
    },
    counts: () => counts,
    async drain(ms) {
      const untilMs = performance.now() + ms;
      const busy = () => takesLive() || sent.some(({ ackedAtMs }) => ackedAtMs === null);
      const takesLive = () => live.some(({ reading }) => !holds(inFlight(sent), reading.seq));
      while (uplink.connected() && busy() && performance.now() < untilMs) await pause(paceMs);
    },
    async stop() {
      ending.abort();
      clearInterval(timer);
      await pumping;
      await receiptTurn;
    },
  };
}

function holds(ranges: SeqRanges, seq: number): boolean {
  return ranges.some(([from, to]) => from <= seq && seq <= to);
}

/** Readings in order, cut into what may share a message: consecutive numbers under one head. */
function runsOf(readings: readonly StoredReading[]): StoredReading[][] {
  return consecutiveRuns(readings.map((stored) => ({ seq: stored.reading.seq, stored }))).flatMap((run) =>
    alike(run.map(({ stored }) => stored)),
  );
}

function headRun(readings: readonly StoredReading[]): StoredReading[] {
  return runsOf(readings)[0] ?? [];
}

/** Cuts a run where what a message says only once changes. */
function alike(run: readonly StoredReading[]): StoredReading[][] {
  const runs: StoredReading[][] = [];
  for (const stored of run) {
    const last = runs.at(-1);
    if (last && sameHead(last[0] as StoredReading, stored)) last.push(stored);
    else runs.push([stored]);
  }
  return runs;
}

function sameHead(a: StoredReading, b: StoredReading): boolean {
  return a.gauge === b.gauge && a.boot === b.boot && a.intervalS === b.intervalS && a.maintenance === b.maintenance;
}
