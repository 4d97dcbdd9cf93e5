/** A dispatcher with a desk that tests write on, and notifiers in memory that fail as they are told. */
import { type SteppedClock, steppedClock } from '@siaga/protocol';
import { silentLog } from '../../log.ts';
import type { StateStore } from '../../ports.ts';
import type { Notice, Notifier, SendOutcome } from '../notify/notifier.ts';
import { createDispatcher, type Dispatcher, type DispatcherOptions } from './dispatcher.ts';
import type { Channel, Person } from './person.ts';
import type { DeskSight, OpenAlarm, OpenGroup, StationLook } from './situation.ts';

/** 02:10 in Jakarta. */
export const startMs = Date.parse('2014-01-29T19:10:00Z');
export const timeZone = 'Asia/Jakarta';

export type Taken = { readonly channel: string; readonly to: string; readonly notice: Notice };

/** `lost`: taken, but the sender hears nothing of it. `never`: refused for ever. */
export type Mood = 'up' | 'down' | 'lost' | 'never';

export type MemoryNotifier = Notifier & { mood: Mood; tries: number; readonly taken: Taken[] };

export function memoryNotifier(name: string, taken: Taken[] = []): MemoryNotifier {
  const notifier: MemoryNotifier = {
    name,
    mood: 'up',
    tries: 0,
    taken,
    async send(notice, to): Promise<SendOutcome> {
      notifier.tries += 1;
      const { mood } = notifier;
      await new Promise((resolve) => setImmediate(resolve));
      if (mood === 'down') return { state: 'retry', fault: 'no answer', afterS: null, maybeSent: false };
      if (mood === 'never') return { state: 'refused', fault: 'unknown recipient', gone: true };
      taken.push({ channel: name, to, notice });
      if (mood === 'lost') return { state: 'retry', fault: 'line cut', afterS: null, maybeSent: true };
      return { state: 'sent', reference: null };
    },
    close: async () => {},
  };
  return notifier;
}

export function aPerson(id: string, over: Partial<Person> = {}): Person {
  return {
    id,
    name: `Name of ${id}`,
    role: 'operator',
    state: 'active',
    contacts: { email: `${id}@example.org` },
    subscriptions: [],
    quietHours: null,
    push: [],
    ...over,
  };
}

export function aGroup(over: Partial<OpenGroup> = {}): OpenGroup {
  return {
    id: 'g1',
    list: 'flood',
    basin: 'ciliwung',
    headline: 'Ciliwung: 1 alarm',
    priority: 'medium',
    firstOut: 'a1',
    acknowledged: null,
    annunciation: 1,
    escalation: 0,
    drill: null,
    ...over,
  };
}

export function anAlarm(over: Partial<OpenAlarm> = {}): OpenAlarm {
  return {
    id: 'a1',
    rule: 'level',
    group: 'g1',
    station: 'katulampa',
    priority: 'medium',
    severity: 3,
    headline: 'Katulampa: Siaga I, 212 cm',
    response: 'Call the gate at Manggarai.',
    condition: 'active',
    suppression: null,
    sinceMs: startMs,
    returnedAtMs: null,
    ...over,
  };
}

export function aStation(
  over: { stageMm?: number | null; trend?: 'rising' | 'falling' | 'steady'; rate?: number; atMs?: number } = {},
): StationLook {
  const at = new Date(over.atMs ?? startMs).toISOString();
  return {
    name: 'Katulampa',
    bands: [
      { severity: 0, label: 'Siaga IV', fromMm: null },
      { severity: 1, label: 'Siaga III', fromMm: 810 },
      { severity: 2, label: 'Siaga II', fromMm: 1510 },
      { severity: 3, label: 'Siaga I', fromMm: 2010 },
    ],
    level: {
      severity: 3,
      bandLabel: 'Siaga I',
      since: at,
      presence: 'live',
      quality: 'good',
      note: null,
      maintenance: false,
    },
    value: {
      gauge: 'main',
      observedAt: at,
      receivedAt: at,
      stageMm: over.stageMm === undefined ? 2120 : over.stageMm,
      flag: 1,
      trend: over.trend ?? 'rising',
      rateMmPer10Min: over.rate ?? 180,
      intervalS: 60,
    },
  };
}

/** A desk that a test writes on: what is closed is still in its details. */
export function paperDesk(): DeskSight & {
  groups: OpenGroup[];
  alarms: OpenAlarm[];
  closeGroup(id: string, atMs: number): void;
} {
  const closed = new Map<string, { alarm: OpenAlarm; closedAtMs: number }>();
  const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  const desk = {
    groups: [] as OpenGroup[],
    alarms: [] as OpenAlarm[],
    view: () => ({ groups: desk.groups, alarms: desk.alarms }),
    closeGroup(id: string, atMs: number) {
      for (const alarm of desk.alarms)
        if (alarm.group === id)
          closed.set(alarm.id, {
            alarm: { ...alarm, condition: 'returned', returnedAtMs: alarm.returnedAtMs ?? atMs },
            closedAtMs: atMs,
          });
      desk.groups = desk.groups.filter((group) => group.id !== id);
      desk.alarms = desk.alarms.filter((alarm) => alarm.group !== id);
    },
    async detail(id: string) {
      const found = closed.get(id);
      if (found === undefined) return undefined;
      const { suppression: _, sinceMs, returnedAtMs, ...rest } = found.alarm;
      return {
        group: { closedAt: iso(found.closedAtMs) },
        alarm: {
          ...rest,
          key: `level/${rest.station}`,
          list: 'flood' as const,
          subject: { kind: 'station' as const, id: rest.station ?? '' },
          basin: 'ciliwung',
          evidence: {},
          acknowledged: null,
          suppression: null,
          latched: false,
          since: iso(sinceMs) ?? '',
          knownAt: iso(sinceMs) ?? '',
          annunciatedAt: null,
          returnedAt: iso(returnedAtMs),
          closedAt: iso(found.closedAtMs),
          drill: null,
          version: 1,
        },
      };
    },
  };
  return desk;
}

export type Rig = {
  readonly dispatcher: Dispatcher;
  readonly clock: SteppedClock;
  readonly desk: ReturnType<typeof paperDesk>;
  readonly staff: { people: Person[]; onDuty: { duty: string; person: string }[] };
  readonly email: MemoryNotifier;
  readonly sms: MemoryNotifier;
  readonly taken: Taken[];
};

export function createRig(state: StateStore, over: Partial<DispatcherOptions> & { from?: Rig } = {}): Rig {
  const { from, ...options } = over;
  const taken: Taken[] = from?.taken ?? [];
  const email = from?.email ?? memoryNotifier('email', taken);
  const sms = from?.sms ?? memoryNotifier('sms', taken);
  const clock = from?.clock ?? steppedClock(startMs);
  const desk = from?.desk ?? paperDesk();
  const staff = from?.staff ?? { people: [aPerson('sari0001')], onDuty: [{ duty: 'operator', person: 'sari0001' }] };
  const channels: Channel[] = [
    { name: 'email', contact: 'email', notifier: email, why: null },
    { name: 'sms', contact: 'phone', notifier: sms, why: null },
    { name: 'telegram', contact: 'telegram', notifier: null, why: 'SIAGA_TELEGRAM_TOKEN is missing' },
  ];
  const dispatcher = createDispatcher({
    state,
    clock,
    desk,
    people: () => staff.people,
    onDuty: () => staff.onDuty,
    hasRoster: () => true,
    escalation: [
      { afterMin: 0, duties: ['operator'] },
      { afterMin: 10, duties: ['supervisor'] },
    ],
    channels,
    drills: () => [{ id: 'd1', participants: ['budi0001'] }],
    deployment: { name: 'Siaga Test', timeZone },
    sight: { station: () => aStation(), episodes: () => [] },
    link: () => null,
    log: silentLog(),
    backOffMs: () => 5,
    tickMs: 10,
    closingMs: 100,
    ...options,
  });
  return { dispatcher, clock, desk, staff, email, sms, taken };
}

/** Asks until it is so; rejects after 5 s. */
export async function until<T>(ask: () => T | Promise<T>): Promise<NonNullable<T>> {
  const deadlineMs = performance.now() + 5_000;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (performance.now() > deadlineMs) throw new Error(`it never became so: ${ask}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
