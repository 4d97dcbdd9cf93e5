/**
 * What became of a message to one person by one address: pure steps of one record. It says what the person ought to
 * know (`wanted`) and what was taken by the other side last (`sent`); the difference is what is still to be done.
 */
import type { Delivery, Priority } from '@siaga/protocol';
import { recordKind } from '../../ports.ts';
import type { SendOutcome } from '../notify/notifier.ts';

/** How often the group had called for attention, or that it is over: over is the last word. */
export type Wish = { readonly annunciation: number; readonly over: boolean };

export type DeliveryRecord = {
  readonly id: string;
  /** `alarm`: of a group of alarms. `test`: of a channel; `group` is the test's id then. */
  readonly topic: 'alarm' | 'test';
  readonly group: string;
  readonly person: string;
  readonly channel: string;
  readonly slot: string;
  readonly duty: boolean;
  readonly priority: Priority;
  /** Of an exercise: gives way to everything real. */
  readonly drill: boolean;
  readonly wanted: Wish;
  /** Since when something has been waiting to be sent; the clock's ms. */
  readonly waitingSinceMs: number;
  readonly sent: (Wish & { readonly atMs: number }) | null;
  /** Of the present wish. */
  readonly attempts: number;
  readonly lastAttemptAtMs: number | null;
  readonly nextAttemptAtMs: number | null;
  /** Marked before a message goes out: a crash before its outcome leaves it here, and the same key is sent again. */
  readonly sending: Wish | null;
  /** The wish may have arrived although no one confirmed it. */
  readonly maybeSent: boolean;
  readonly fault: string | null;
  readonly dead: { readonly reason: string; readonly atMs: number; readonly addressMark: string | null } | null;
};

export const deliveryKind = recordKind<DeliveryRecord>('delivery');

/** What cannot be sent for so long is given up, in the clock's ms. */
export const deadAfterMs = 24 * 3_600_000;

export function deliveryId(of: { group: string; person: string; channel: string; slot: string }): string {
  return [of.group, of.person, of.channel, ...(of.slot === '' ? [] : [of.slot])].join('.');
}

/** Stable for ever: the same message sent again has the same key. */
export function idempotencyKey({ group, person, channel }: DeliveryRecord, { annunciation, over }: Wish): string {
  return `${group}.${over ? 'over' : annunciation}.${person}.${channel}`;
}

export function newDelivery(
  of: Pick<DeliveryRecord, 'topic' | 'group' | 'person' | 'channel' | 'slot' | 'duty' | 'priority' | 'drill'>,
  wanted: Wish,
  nowMs: number,
): DeliveryRecord {
  return {
    id: deliveryId(of),
    ...of,
    wanted,
    waitingSinceMs: nowMs,
    sent: null,
    attempts: 0,
    lastAttemptAtMs: null,
    nextAttemptAtMs: null,
    sending: null,
    maybeSent: false,
    fault: null,
    dead: null,
  };
}

export function sameWish(a: Wish | null, b: Wish): boolean {
  return a !== null && a.over === b.over && (a.over || a.annunciation === b.annunciation);
}

export function stateOf({ dead, sent, wanted }: DeliveryRecord): Delivery['state'] {
  if (dead !== null) return 'dead';
  return sameWish(sent, wanted) ? 'sent' : 'waiting';
}

/** A newer wish takes the place of one that waits, and brings a dead delivery back to life. */
export function wishing(record: DeliveryRecord, wanted: Wish, nowMs: number): DeliveryRecord {
  return {
    ...record,
    wanted,
    waitingSinceMs: stateOf(record) === 'waiting' ? record.waitingSinceMs : nowMs,
    attempts: 0,
    nextAttemptAtMs: null,
    maybeSent: false,
    fault: null,
    dead: null,
  };
}

/** Before it goes out. */
export function sending(record: DeliveryRecord, nowMs: number): DeliveryRecord {
  return {
    ...record,
    sending: record.wanted,
    attempts: record.attempts + 1,
    lastAttemptAtMs: nowMs,
    nextAttemptAtMs: null,
  };
}

/** It did not go out after all: the state had become another one. */
export function notSent(record: DeliveryRecord): DeliveryRecord {
  return { ...record, sending: null };
}

/** After a crash between mark and outcome: nobody knows whether it arrived. */
export function interrupted(record: DeliveryRecord): DeliveryRecord {
  if (record.sending === null) return record;
  const same = sameWish(record.sending, record.wanted);
  return { ...record, sending: null, maybeSent: same, fault: same ? 'the platform was ended while it was sent' : null };
}

/** What the other side said to the wish that went out; the record may wish for more by now. */
export function concluded(
  record: DeliveryRecord,
  {
    wish,
    outcome,
    mark,
    nextAttemptAtMs,
    nowMs,
  }: {
    wish: Wish;
    outcome: SendOutcome;
    mark: string;
    nextAttemptAtMs: number;
    nowMs: number;
  },
): DeliveryRecord {
  const ended = { ...record, sending: null };
  if (outcome.state === 'sent') {
    const sent = {
      ...ended,
      sent: { ...wish, atMs: nowMs },
      fault: null,
      nextAttemptAtMs: null,
      maybeSent: false,
      dead: null,
    };
    return sameWish(wish, record.wanted) ? sent : { ...sent, waitingSinceMs: nowMs };
  }
  if (outcome.state === 'refused')
    return { ...ended, fault: outcome.fault, dead: { reason: outcome.fault, atMs: nowMs, addressMark: mark } };
  // Given up, or a newer wish came meanwhile: what is said of the old one no longer matters.
  if (record.dead !== null || !sameWish(wish, record.wanted)) return ended;
  return {
    ...ended,
    fault: outcome.fault,
    maybeSent: record.maybeSent || outcome.maybeSent,
    nextAttemptAtMs,
  };
}

export function givenUp(record: DeliveryRecord, reason: string, nowMs: number): DeliveryRecord {
  return { ...record, sending: null, fault: reason, dead: { reason, atMs: nowMs, addressMark: null } };
}

/** Nothing will ever be done about it again. */
export function isDone(record: DeliveryRecord): boolean {
  const last = record.wanted.over || record.topic === 'test';
  return record.sending === null && last && stateOf(record) !== 'waiting';
}

const isoOrNull = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());

/** As the alarm's detail shows it. */
export function deliveryOf(record: DeliveryRecord): Delivery {
  const { id, group, person, channel, attempts, lastAttemptAtMs, nextAttemptAtMs, sent, fault, maybeSent } = record;
  return {
    id,
    group,
    person,
    channel,
    state: stateOf(record),
    attempts,
    lastAttemptAt: isoOrNull(lastAttemptAtMs),
    sentAt: isoOrNull(sent?.atMs ?? null),
    nextAttemptAt: isoOrNull(nextAttemptAtMs),
    fault: fault !== null && maybeSent ? `${fault} (it may have arrived; the same is sent again)` : fault,
  };
}
