/** What ought to be known by whom, held against what was sent: pure. Run again with the same input it changes nothing. */
import type { GroupState } from '../../domain/alarm.ts';
import {
  type DeliveryRecord,
  deadAfterMs,
  deliveryId,
  givenUp,
  newDelivery,
  stateOf,
  type Wish,
  wishing,
} from './delivery.ts';
import { addressMark, type Reach } from './person.ts';
import type { Target } from './recipients.ts';

/** What is wanted of an open group's deliveries; returns only those that became others. */
export function reconcileOpen(
  group: Pick<GroupState, 'id' | 'annunciation' | 'priority' | 'acknowledged' | 'drill'>,
  targets: readonly Target[],
  kept: readonly DeliveryRecord[],
  nowMs: number,
): DeliveryRecord[] {
  const byId = new Map(kept.map((record) => [record.id, record]));
  const wish: Wish = { annunciation: group.annunciation, over: false };
  const changed = new Map<string, DeliveryRecord>();

  for (const target of targets) {
    const { person, channel, slot, duty } = target;
    const id = deliveryId({ group: group.id, person, channel, slot });
    const record = byId.get(id);
    // Whoever comes on duty takes what was acknowledged over in words, not as an alarm.
    const calls = group.acknowledged === null || !duty;
    if (record === undefined) {
      if (calls)
        changed.set(
          id,
          newDelivery(
            {
              topic: 'alarm',
              group: group.id,
              person,
              channel,
              slot,
              duty,
              priority: group.priority,
              drill: group.drill !== null,
            },
            wish,
            nowMs,
          ),
        );
      continue;
    }
    const newer = record.wanted.annunciation < wish.annunciation && calls;
    const mended = record.dead?.addressMark != null && record.dead.addressMark !== addressMark(target.address);
    let next = newer || mended ? wishing(record, wish, nowMs) : record;
    if (next.duty !== duty || next.priority !== group.priority) next = { ...next, duty, priority: group.priority };
    if (next !== record) changed.set(id, next);
  }
  const wanted = new Set(targets.map((target) => deliveryId({ group: group.id, ...target })));
  for (const record of kept) {
    let next = changed.get(record.id) ?? record;
    // Whose turn has ended sleeps by their own wish again.
    if (next.duty && !wanted.has(record.id)) {
      next = { ...next, duty: false };
      changed.set(record.id, next);
    }
    if (stateOf(next) !== 'waiting') continue;
    if (next.wanted.annunciation < wish.annunciation) changed.set(record.id, wishing(next, wish, nowMs));
    else if (nowMs - next.waitingSinceMs >= deadAfterMs)
      changed.set(record.id, givenUp(next, 'not sent for 24 hours', nowMs));
  }
  return [...changed.values()];
}

/** The group is over: the last word to those who were told something or were waiting for it. */
export function reconcileOver(kept: readonly DeliveryRecord[], nowMs: number): DeliveryRecord[] {
  return kept.flatMap((record) => {
    if (!record.wanted.over) {
      const wanted = { ...record.wanted, over: true };
      // Dead ones are done with; the wish says so, and nothing is sent.
      return [record.dead === null ? wishing(record, wanted, nowMs) : { ...record, wanted }];
    }
    const late = stateOf(record) === 'waiting' && nowMs - record.waitingSinceMs >= deadAfterMs;
    return late ? [givenUp(record, 'not sent for 24 hours', nowMs)] : [];
  });
}

/**
 * Other ways to a person of whom every chosen one is dead: a subscription by e-mail whose address is refused goes by SMS.
 */
export function detours(
  group: Pick<GroupState, 'id'>,
  targets: readonly Target[],
  kept: ReadonlyMap<string, DeliveryRecord>,
  reaches: (person: string) => readonly Reach[],
): Target[] {
  const byPerson = Map.groupBy(targets, ({ person }) => person);
  return [...byPerson].flatMap(([person, own]) => {
    const dead = own.every(({ channel, slot }) => {
      const record = kept.get(deliveryId({ group: group.id, person, channel, slot }));
      return record !== undefined && stateOf(record) === 'dead';
    });
    if (!dead) return [];
    const duty = own.some((target) => target.duty);
    return reaches(person)
      .filter(({ channel, slot }) => !own.some((target) => target.channel === channel && target.slot === slot))
      .map((reach) => ({ ...reach, person, duty }));
  });
}
