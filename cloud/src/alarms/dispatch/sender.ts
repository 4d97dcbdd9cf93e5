/**
 * Sends what waits: at least once, by real time, each channel at its pace, the top priority first. What fails is tried
 * again after a growing pause; the first success of a channel that failed sends all that waits for it at once.
 */

import { priorityRank } from '../../domain/alarm.ts';
import { isPlatformError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Put } from '../../ports.ts';
import type { Address, Notice, SendOutcome } from '../notify/notifier.ts';
import {
  concluded,
  type DeliveryRecord,
  givenUp,
  idempotencyKey,
  notSent,
  sameWish,
  sending,
  stateOf,
  type Wish,
} from './delivery.ts';
import type { Ledger } from './ledger.ts';
import { createBucket, type Pace, backOffMs as usualBackOffMs, paceOf as usualPaceOf } from './pace.ts';
import { addressMark, type Channel } from './person.ts';

/** A message as it is to go out now; or why it does not: the state is another by now, or there is nowhere to send it. */
export type Composed =
  | { readonly state: 'ready'; readonly notice: Notice; readonly to: Address }
  | { readonly state: 'not-now' }
  | { readonly state: 'never'; readonly reason: string };

export type SenderOptions = {
  readonly ledger: Ledger;
  readonly channels: readonly Channel[];
  readonly clock: { now(): number; readonly speed: number };
  readonly log: Logger;
  compose(record: DeliveryRecord, wish: Wish, key: string): Promise<Composed>;
  /** Whether the person sleeps by their own wish. */
  isQuiet(record: DeliveryRecord): boolean;
  /** What else is kept in the commit that says that a message was sent. */
  alsoKept(record: DeliveryRecord, nowMs: number): readonly Put[];
  /** An address that will never take anything again. */
  gone(record: DeliveryRecord, address: Address): void;
  readonly backOffMs?: (attempts: number) => number;
  readonly closingMs?: number;
  readonly paceOf?: (channel: string) => Pace;
};

/** How a channel fares. */
export type Fares = { readonly lastSentAtMs: number | null; readonly fault: string | null };

export type Sender = {
  /** Something may be due. Any number of these make one look. */
  pump(): void;
  fares(channel: string): Fares;
  /** Begins nothing more; resolves when what is under way has ended, or after 3 s: it is sent again then. */
  close(): Promise<void>;
};

/** The state became another while a message was prepared: who keeps it looks again within this. In real ms. */
const notNowMs = 200;
const longestAfterS = 3600;
const usualClosingMs = 3_000;
const keepAgainMs = 1_000;

type Pause = { readonly wish: Wish; readonly untilMs: number; readonly byOrder: boolean };

export function createSender(options: SenderOptions): Sender {
  const {
    ledger,
    channels,
    clock,
    log,
    backOffMs = usualBackOffMs,
    closingMs = usualClosingMs,
    paceOf = usualPaceOf,
  } = options;
  const realNow = () => performance.now();
  const underWay = new Map<string, Promise<void>>();
  const pauses = new Map<string, Pause>();
  const fares = new Map<string, Fares>();
  const lanes = channels.flatMap(({ name, notifier }) => {
    const pace = paceOf(name);
    return notifier === null
      ? []
      : [{ name, notifier, pace, active: 0, bucket: createBucket(pace.perMinute, realNow) }];
  });
  type Lane = (typeof lanes)[number];
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  /** In how many real ms the record may go out; undefined while it waits for something else. */
  function dueInMs(record: DeliveryRecord): number | undefined {
    if (stateOf(record) !== 'waiting' || underWay.has(record.id) || options.isQuiet(record)) return undefined;
    const pause = pauses.get(record.id);
    return pause === undefined || !sameWish(pause.wish, record.wanted) ? 0 : Math.max(0, pause.untilMs - realNow());
  }

  function look(): void {
    timer = undefined;
    if (closed) return;
    for (const id of pauses.keys()) if (ledger.look(id) === undefined) pauses.delete(id);
    // A lane that is full looks again when one of its messages has ended.
    const waiting = new Map<string, DeliveryRecord[]>();
    for (const { name, active, pace } of lanes) if (active < pace.together) waiting.set(name, []);
    let nextMs = Number.POSITIVE_INFINITY;
    for (const record of ledger.all()) {
      const due = waiting.get(record.channel);
      const inMs = due === undefined ? undefined : dueInMs(record);
      if (inMs === undefined) continue;
      if (inMs > 0) nextMs = Math.min(nextMs, inMs);
      else due?.push(record);
    }
    for (const lane of lanes) {
      for (const record of (waiting.get(lane.name) ?? []).sort(mostUrgentFirst)) {
        if (lane.active >= lane.pace.together) break;
        if (!lane.bucket.take()) {
          nextMs = Math.min(nextMs, lane.bucket.readyInMs());
          break;
        }
        begin(lane, record);
      }
    }
    if (Number.isFinite(nextMs)) timer = setTimeout(look, Math.ceil(nextMs));
  }

  function pump(): void {
    if (closed) return;
    clearTimeout(timer);
    timer = setTimeout(look, 0);
  }

  function begin(lane: Lane, record: DeliveryRecord): void {
    lane.active += 1;
    const work = send(lane, record)
      .catch((error) => log.error({ err: error, delivery: record.id }, 'delivery failed'))
      .finally(() => {
        lane.active -= 1;
        underWay.delete(record.id);
        pump();
      });
    underWay.set(record.id, work);
  }

  async function send(lane: Lane, { id }: DeliveryRecord): Promise<void> {
    let marked: DeliveryRecord | undefined;
    const mark = (row: DeliveryRecord | undefined) => {
      marked = row === undefined || stateOf(row) !== 'waiting' ? undefined : sending(row, clock.now());
      return { rows: marked === undefined ? [] : [marked] };
    };
    try {
      await ledger.apply((look) => mark(look(id)));
    } catch (error) {
      // Another process sends now: what it has read from the store is its own to send.
      if (isPlatformError(error) && error.code === 'lease-lost') throw error;
      // Whoever must be woken is woken, also when the disk is full: after a crash the same key would be sent again.
      log.error({ err: error }, 'a delivery cannot be marked; it is sent all the same');
      mark(ledger.look(id));
    }
    if (marked === undefined) return;
    const wish = marked.wanted;
    const composed = await options.compose(marked, wish, idempotencyKey(marked, wish));
    if (composed.state === 'not-now') {
      pauses.set(id, { wish, untilMs: realNow() + notNowMs, byOrder: true });
      return change(id, notSent);
    }
    if (composed.state === 'never') {
      const { reason } = composed;
      return change(id, (row) => {
        const dead = givenUp(row, reason, clock.now());
        // Any address that is given later brings it back.
        return { ...dead, dead: { reason, atMs: clock.now(), addressMark: '' } };
      });
    }
    const outcome = await said(lane, composed.notice, composed.to);
    await conclude(lane, marked, wish, outcome, composed.to);
  }

  async function said({ notifier, name }: Lane, notice: Notice, to: Address): Promise<SendOutcome> {
    try {
      return await notifier.send(notice, to);
    } catch (error) {
      log.error({ err: error, channel: name }, 'a notifier threw');
      return { state: 'retry', fault: 'the channel failed in itself', afterS: null, maybeSent: true };
    }
  }

  async function conclude(
    lane: Lane,
    { id, attempts, person }: DeliveryRecord,
    wish: Wish,
    outcome: SendOutcome,
    to: Address,
  ): Promise<void> {
    const nowMs = clock.now();
    const afterMs = outcome.state === 'retry' ? Math.min(outcome.afterS ?? 0, longestAfterS) * 1000 : 0;
    const pauseMs = Math.max(backOffMs(attempts), afterMs);
    const fault = outcome.state === 'sent' ? null : outcome.fault;
    if (outcome.state === 'retry') pauses.set(id, { wish, untilMs: realNow() + pauseMs, byOrder: afterMs > 0 });
    else pauses.delete(id);
    const before = fares.get(lane.name);
    fares.set(lane.name, { lastSentAtMs: fault === null ? nowMs : (before?.lastSentAtMs ?? null), fault });
    if (outcome.state === 'sent' && before?.fault != null) wakeAll(lane.name);
    if (fault !== null) log.warn({ delivery: id, channel: lane.name, person, fault }, 'a message was not delivered');
    await change(
      id,
      (row) =>
        concluded(row, {
          wish,
          outcome,
          mark: addressMark(to),
          nextAttemptAtMs: nowMs + pauseMs * clock.speed,
          nowMs,
        }),
      outcome.state === 'sent' ? (row) => options.alsoKept(row, nowMs) : undefined,
    );
    const row = ledger.look(id);
    if (outcome.state === 'refused' && outcome.gone && row !== undefined) options.gone(row, to);
  }

  /** The channel works again: what only waited for that goes out now. */
  function wakeAll(channel: string): void {
    for (const [id, { byOrder }] of pauses) if (!byOrder && ledger.look(id)?.channel === channel) pauses.delete(id);
  }

  /**
   * Keeps a step of a record, however often it takes: what went out must not be forgotten while this process lives. That
   * it did not go out may be: the pause is known, and trying again must not wait for room on the disk.
   */
  async function change(
    id: string,
    step: (row: DeliveryRecord) => DeliveryRecord,
    puts: (row: DeliveryRecord) => readonly Put[] = () => [],
  ): Promise<void> {
    for (;;) {
      try {
        return await ledger.apply((look) => {
          const row = look(id);
          if (row === undefined) return { rows: [] };
          const next = step(row);
          return { rows: [next], puts: puts(next) };
        });
      } catch (error) {
        log.error({ err: error, delivery: id }, 'an outcome cannot be kept');
        if (closed || pauses.has(id)) return;
        await new Promise((resolve) => setTimeout(resolve, keepAgainMs));
      }
    }
  }

  return {
    pump,
    fares: (channel) => fares.get(channel) ?? { lastSentAtMs: null, fault: null },
    async close() {
      closed = true;
      clearTimeout(timer);
      let patience: NodeJS.Timeout | undefined;
      await Promise.race([
        Promise.all(underWay.values()),
        new Promise((resolve) => {
          patience = setTimeout(resolve, closingMs);
        }),
      ]);
      clearTimeout(patience);
    },
  };
}

/** What is real before drills and tests, what is open before what is over. */
function mostUrgentFirst(a: DeliveryRecord, b: DeliveryRecord): number {
  return (
    Number(a.drill || a.topic === 'test') - Number(b.drill || b.topic === 'test') ||
    Number(a.wanted.over) - Number(b.wanted.over) ||
    priorityRank[b.priority] - priorityRank[a.priority] ||
    Number(b.duty) - Number(a.duty) ||
    a.waitingSinceMs - b.waitingSinceMs
  );
}
