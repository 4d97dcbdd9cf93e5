/** Who is to be told of a group of alarms: pure. */
import type { QuietHours } from '@siaga/protocol';
import { type GroupState, priorityRank } from '../../domain/alarm.ts';
import { minuteOfDay } from '../../duty/local-time.ts';
import type { OnDuty } from '../../duty/shifts.ts';
import type { RuleSet } from '../rule.ts';
import { type Channel, isTold, type Person, type Reach, reachesOf } from './person.ts';

/** A person's address to be told at. `duty`: woken in any case, because it is their turn. */
export type Target = Reach & { readonly person: string; readonly duty: boolean };

export type Recipients = {
  readonly targets: readonly Target[];
  /** Duties of the steps reached on which nobody is who can be told: the next step is told at once. */
  readonly unmanned: readonly string[];
};

export type ToldDrill = { readonly id: string; readonly participants: readonly string[] };

export type Staff = {
  readonly people: readonly Person[];
  readonly channels: readonly Channel[];
  readonly escalation: RuleSet['escalation'];
  readonly onDuty: readonly OnDuty[];
  readonly drills: readonly ToldDrill[];
};

/** What of a group decides who is told. */
export type ToldGroup = Pick<GroupState, 'list' | 'basin' | 'priority' | 'annunciation' | 'escalation' | 'drill'>;

/**
 * Those on the duties of the escalation steps reached, and subscribers. A step without anybody reaches the next one at
 * once; a chain without anybody, the admins. A drill is told to its participants alone. `lost`: people of whom every
 * address has been refused; they are tried, but are as good as nobody.
 */
export function recipientsOf(group: ToldGroup, staff: Staff, lost: ReadonlySet<string> = new Set()): Recipients {
  if (group.annunciation === 0) return { targets: [], unmanned: [] };
  const people = staff.people.filter(isTold);
  const reaches = new Map(people.map((person) => [person.id, reachesOf(person, staff.channels)]));
  if (group.drill !== null) {
    const drill = staff.drills.find(({ id }) => id === group.drill);
    return { targets: targetsOf(drill?.participants ?? [], reaches), unmanned: [] };
  }
  const { called, unmanned } = calledOf(group, staff, reaches, lost);
  const heard = [...called].some((person) => !lost.has(person));
  const admins = heard ? [] : people.filter(({ role }) => role === 'admin').map(({ id }) => id);
  const onTurn = [...new Set([...called, ...admins])];
  const targets = targetsOf(onTurn, reaches);
  const dutiful = new Set(onTurn);
  for (const person of people)
    if (!dutiful.has(person.id))
      for (const reach of subscribedReaches(group, person, reaches.get(person.id) ?? []))
        targets.push({ ...reach, person: person.id, duty: false });
  return { targets, unmanned };
}

function targetsOf(ids: readonly string[], reaches: ReadonlyMap<string, readonly Reach[]>): Target[] {
  return ids.flatMap((person) => (reaches.get(person) ?? []).map((reach) => ({ ...reach, person, duty: true })));
}

/** Whoever the chain has called so far. Being on duty without an address is as good as nobody. */
function calledOf(
  group: ToldGroup,
  { escalation, onDuty }: Staff,
  reaches: ReadonlyMap<string, readonly Reach[]>,
  lost: ReadonlySet<string>,
): { called: ReadonlySet<string>; unmanned: string[] } {
  const called = new Set<string>();
  const unmanned: string[] = [];
  let reached = group.escalation;
  for (let step = 0; step <= reached && step < escalation.length; step += 1) {
    const duties = escalation[step]?.duties ?? [];
    const there = onDuty.filter(({ duty, person }) => duties.includes(duty) && (reaches.get(person) ?? []).length > 0);
    for (const { person } of there) called.add(person);
    if (there.some(({ person }) => !lost.has(person))) continue;
    unmanned.push(...duties);
    reached = Math.max(reached, step + 1);
  }
  return { called, unmanned };
}

function subscribedReaches(group: ToldGroup, person: Person, reaches: readonly Reach[]): Reach[] {
  const wanted = person.subscriptions.filter(
    ({ basins, minPriority, lists }) =>
      lists.includes(group.list) &&
      (basins.length === 0 || (group.basin !== null && basins.includes(group.basin))) &&
      priorityRank[group.priority] >= priorityRank[minPriority],
  );
  const chosen = reaches.filter(({ channel }) =>
    wanted.some(({ channels }) => channels.length === 0 || channels.includes(channel)),
  );
  // What they chose is off, or they have no address there any more: by the others, rather than not at all.
  return wanted.length > 0 && chosen.length === 0 ? [...reaches] : chosen;
}

/** Whether a person sleeps by their own wish: never on duty, never for the top priority. */
export function isQuiet(
  message: { readonly duty: boolean; readonly priority: GroupState['priority'] },
  quietHours: QuietHours | null,
  timeZone: string,
  atMs: number,
): boolean {
  if (message.duty || message.priority === 'high' || quietHours === null) return false;
  const { fromMinute, toMinute } = quietHours;
  const minute = minuteOfDay(timeZone, atMs);
  // 22:00–06:00 passes midnight: quiet is what is not between its end and its beginning.
  return fromMinute <= toMinute ? fromMinute <= minute && minute < toMinute : minute >= fromMinute || minute < toMinute;
}
