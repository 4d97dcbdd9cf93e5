/**
 * Empties the outbox over the uplink, in lanes: the newest live readings as soon as they are stored or released,
 * behind them the backlog, oldest first, in batches, and last the corrections of uncertain times. Readings leave
 * the outbox on receipts only (hearing.ts).
 *
 * While numbers are in doubt (outbox.ts) they go before all other backlog, which waits for the verdict; a batch of
 * them that the cloud refuses is taken apart (history.ts).
 */
import { hash } from 'node:crypto';
import { type Command, maxRangesPerMessage, maxReadingsPerMessage, type SeqRanges } from '@siaga/protocol';
import type { Logger } from 'pino';
import { messageOf } from '../errors.ts';
import { intersect, rangesOf, subtract, unite } from '../outbox/ledger.ts';
import type { Outbox, StoredReading } from '../outbox/outbox.ts';
import { monotonicMs, pause } from '../wait.ts';
import { nextOfBacklog } from './backlog.ts';
import { type Content, encodeBatch, withFirst } from './batch.ts';
import { asStamped, type Corrections } from './corrections.ts';
import { createHearing, type HearingCounts } from './hearing.ts';
import { createLiveLane } from './live.ts';
import { createPace } from './pace.ts';
import { createPatience } from './patience.ts';
import { createPump } from './pump.ts';
import { createUnderWay } from './under-way.ts';
import type { Uplink } from './uplink.ts';
import {
  backlogHasRoom,
  backlogShare,
  inFlight,
  type Lane,
  lostInFlight,
  occupied,
  type Sent,
  windowSize,
} from './window.ts';

export type SenderCounts = HearingCounts & { readonly publishes: number; readonly acks: number };

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
  /** After connecting, real ms for which older readings wait for the first receipt: the platform may have them. */
  readonly wordMs?: number;
};

const livePaceMs = 10;
/**
 * After a proof of another history nothing new is sent for this long, so that the word on what is under way comes
 * in: the cloud sends a receipt within a second.
 */
const defaultVerdictMs = 2_500;

/** After connecting, the platform's first receipt is awaited so long before anything older is sent. */
const defaultWordMs = 3_000;

/** `probe`: a part of a refused message. */
type Message = Omit<Content, 'stream'> & { readonly lane: Lane; readonly probe?: boolean };

export function createSender(outbox: Outbox, uplink: Uplink, log: Logger, options: SenderOptions = {}): Sender {
  const { corrections = asStamped, verdictMs = defaultVerdictMs, wordMs = defaultWordMs } = options;
  const live = createLiveLane(outbox.state().lastSeq);
  const pace = createPace(options.spacingMs);
  const patience = createPatience();
  const underWay = createUnderWay();
  let asked: SeqRanges = [];
  let connectedAtMs = Number.NEGATIVE_INFINITY;
  let counts = { publishes: 0, acks: 0 };

  const publish = (batch: readonly StoredReading[], { lane, probe, ...content }: Message, stream: string): void => {
    const { payload, readings } = encodeBatch(batch, { ...content, stream });
    const { rev, lost } = content;
    const seqs = rangesOf(readings.map(({ reading }) => reading.seq));
    const sha256 = hash('sha256', payload);
    const sentAtMs = performance.now();
    const fresh = hearing.isFresh(seqs);
    underWay.add({ sha256, rev, seqs, lost, lane, leftMonoMs: monotonicMs(), ackedAtMs: null, crossed: false, fresh });
    pace.sent(sentAtMs, lane === 'live');
    hearing.left();
    counts = { ...counts, publishes: counts.publishes + 1 };
    uplink.publish('readings', payload).then(
      () => {
        counts = { ...counts, acks: counts.acks + 1 };
        if (lane !== 'live') pace.acknowledged(readings.length, performance.now() - sentAtMs);
        const message = underWay.find(sha256);
        if (message && stream === outbox.state().stream) hearing.acknowledged(message);
        if (rev === 0) asked = subtract(asked, seqs);
        pump.run();
      },
      (error) => {
        underWay.forget(new Set([sha256]));
        if (probe) hearing.probeAgain(seqs);
        log.debug({ err: messageOf(error), seqs }, 'not acknowledged; it stays in the outbox');
        pump.run();
      },
    );
  };

  const isDone = (): ((seq: number) => boolean) => {
    const ranges = unite(inFlight(underWay.all(), 0), outbox.state().settled);
    return (seq) => intersect(ranges, [[seq, seq]]).length > 0;
  };

  /** Durable first that these go out as they do; false when the world has changed meanwhile. */
  const exposed = async (readings: readonly StoredReading[], stream: string): Promise<boolean> => {
    await corrections.expose(readings);
    return stream === outbox.state().stream && uplink.connected();
  };

  const sendLive = async (stream: string, lost: SeqRanges): Promise<boolean> => {
    if (hearing.otherHistory()) return false;
    const readings = live.take(stream, isDone());
    const [head] = readings;
    if (!head) return false;
    if (await exposed(readings, stream))
      publish(readings, { lane: 'live', rev: 0, lost, head, outgoing: corrections.outgoing }, stream);
    return true;
  };

  /** A part of a refused message, or as much of it as shares a head: the rest is the next part. */
  const sendProbe = async (probe: SeqRanges, stream: string): Promise<boolean> => {
    hearing.takeProbe();
    const leased = await outbox.lease(probe, maxReadingsPerMessage).catch((error) => {
      hearing.probeAgain(probe);
      throw error;
    });
    const readings = withFirst(leased);
    const rest = leased.filter((stored) => !readings.includes(stored));
    if (rest.length > 0) hearing.probeAgain(rangesOf(rest.map(({ reading }) => reading.seq)));
    const [head] = readings;
    if (!head) return true;
    const message: Message = { lane: 'backlog', rev: 0, lost: [], head, outgoing: corrections.outgoing, probe: true };
    if (await exposed(readings, stream)) publish(readings, message, stream);
    else hearing.probeAgain(probe);
    return true;
  };

  const sendBacklog = async (stream: string, lost: SeqRanges): Promise<boolean> => {
    const otherHistory = hearing.otherHistory();
    const [probe] = otherHistory?.probes ?? [];
    if (probe) return sendProbe(probe, stream);
    const seqs = nextOfBacklog({
      outbox: outbox.state(),
      sent: underWay.all(),
      asked,
      confirmed: hearing.confirmed(),
      otherHistory,
      free: live.free,
      slow: patience.isSlow(),
    });
    const readings = seqs.length > 0 ? withFirst(await outbox.lease(seqs, pace.size())) : [];
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
    if (hearing.otherHistory() || doubt) return false;
    const open = intersect(intersect(corrections.pending(), settled), held);
    const seqs = subtract(open, inFlight(underWay.all(), 1));
    const readings = seqs.length > 0 ? withFirst(await outbox.lease(seqs, pace.size())) : [];
    const [head] = readings;
    if (!head) return false;
    if (stream === outbox.state().stream && uplink.connected())
      publish(readings, { lane: 'corrections', rev: 1, lost: [], head, outgoing: corrections.corrected }, stream);
    return true;
  };

  /** Sends one message if there is one and room for it. Until the platform's first word nothing is sent again. */
  const step = async (): Promise<boolean> => {
    const forWordMs = hearing.heard() ? 0 : connectedAtMs + wordMs - performance.now();
    if (forWordMs <= 0) hearing.giveUpOverdue();
    const { stream, doubt, lost: allLost } = outbox.state();
    // A refusal costs a receipt's place: while numbers may be refused, each message counts whole.
    const filled = occupied(underWay.all(), { slow: patience.isSlow(), each: doubt !== null });
    if (filled >= windowSize) return false;
    const lost = subtract(allLost, lostInFlight(underWay.all())).slice(0, maxRangesPerMessage);
    if (await sendLive(stream, lost)) return true;
    if (filled >= backlogShare || !backlogHasRoom(underWay.all())) return false;
    const waitMs = Math.max(forWordMs, pace.waitMs(performance.now()));
    if (waitMs > 0) {
      pump.runIn(waitMs);
      return false;
    }
    return (await sendBacklog(stream, lost)) || (await sendCorrections(stream));
  };

  const pump = createPump({
    step,
    may: uplink.connected,
    everyMs: livePaceMs,
    onError: (error) => log.error({ err: messageOf(error) }, 'sending stopped; it goes on in a moment'),
  });
  const hearing = createHearing({
    outbox,
    underWay,
    patience,
    corrections,
    log,
    verdictMs,
    onServerTime: options.onServerTime,
    onHeard: pump.run,
    onNewStream() {
      live.forget(outbox.state().lastSeq);
      asked = [];
      pump.run();
    },
  });

  return {
    stored(reading, { hold } = { hold: false }) {
      live.add(reading, hold);
      if (!hold) pump.run();
    },
    release() {
      live.release();
      pump.run();
    },
    connected() {
      connectedAtMs = performance.now();
      hearing.joined();
      live.joined();
      pump.run();
    },
    disconnected() {
      live.parted();
    },
    receipt(payload) {
      hearing.receipt(payload, monotonicMs());
    },
    resend({ stream, from, to }) {
      if (stream !== outbox.state().stream) return false;
      asked = unite(asked, intersect(outbox.state().held, [[from, to]]));
      // The platform has not what it asks for: no receipt for it is under way, and the next may be hours away.
      const isMeant = ({ ackedAtMs, seqs }: Sent) => ackedAtMs !== null && intersect(seqs, [[from, to]]).length > 0;
      underWay.done(underWay.all().filter(isMeant));
      pump.run();
      return true;
    },
    counts: () => ({ ...counts, ...hearing.counts() }),
    waiting() {
      const taken = underWay.all().filter(({ ackedAtMs }) => ackedAtMs !== null);
      return live.free(subtract(outbox.state().unsettled, inFlight(taken, 0)));
    },
    async drain(ms) {
      live.release();
      pump.run();
      const untilMs = performance.now() + ms;
      const isOpen = ({ ackedAtMs }: Sent) => ackedAtMs === null;
      const busy = () => pump.isBusy() || live.waits(isDone()) || underWay.all().some(isOpen);
      while (uplink.connected() && busy() && performance.now() < untilMs) await pause(livePaceMs);
    },
    async stop() {
      await pump.stop();
      await hearing.stop();
    },
  };
}
