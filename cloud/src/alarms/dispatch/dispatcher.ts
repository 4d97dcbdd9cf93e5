/**
 * Who is told what, and whether it arrived. Every second and on every change the wanted state of each group × person ×
 * address is held against what was sent; the difference waits, and its words are made when it goes out. So after an
 * outage one message goes out that tells of now, not a heap of old ones, and a crash is healed by the ordinary path.
 */
import type { ChannelState, Delivery } from '@siaga/protocol';
import type { OnDuty } from '../../duty/shifts.ts';
import type { Logger } from '../../log.ts';
import { type Put, put, recordKind, type StateStore } from '../../ports.ts';
import type { Address } from '../notify/notifier.ts';
import type { RuleSet } from '../rule.ts';
import { type ChannelTests, createChannelTests, type TestDone } from './channel-tests.ts';
import { type DeliveryRecord, deadAfterMs, deliveryKind, deliveryOf, givenUp, stateOf, type Wish } from './delivery.ts';
import { createLedger, type Lease, type Ledger } from './ledger.ts';
import type { Pace } from './pace.ts';
import { type Channel, isTold, type Person, reachesOf } from './person.ts';
import { isQuiet, recipientsOf, type Staff, type Target, type ToldDrill } from './recipients.ts';
import { detours, reconcileOpen, reconcileOver } from './reconcile.ts';
import { renderAlarm, renderTest } from './render.ts';
import { type Composed, createSender } from './sender.ts';
import {
  type AlarmLook,
  type DeskSight,
  lookOf,
  lookOfWire,
  type OpenAlarm,
  type OpenGroup,
  type Sight,
  type Situation,
  tellOf,
  worstFirst,
} from './situation.ts';

export type DispatcherOptions = {
  readonly state: StateStore;
  readonly clock: { now(): number; readonly speed: number };
  /** Started before the dispatcher. */
  readonly desk: DeskSight;
  readonly people: () => readonly Person[];
  /** Brings `people` up to date: before each look. */
  readonly refresh?: () => Promise<void>;
  readonly onDuty: (atMs: number) => readonly OnDuty[];
  /** Whether any shift was ever planned: without a roster, admins and subscribers are told and no gap is complained of. */
  readonly hasRoster: () => boolean;
  readonly escalation: RuleSet['escalation'];
  readonly channels: readonly Channel[];
  readonly drills: () => readonly ToldDrill[];
  readonly deployment: { readonly name: string; readonly timeZone: string };
  readonly sight: Sight;
  /** Where to look and acknowledge; null when no address of the console is known. */
  readonly link: (alarm: string | null) => string | null;
  readonly log: Logger;
  /** Local hour of the daily tests, 0–23. */
  readonly testHour?: number;
  /** An address that will never take anything again, e.g. a push subscription that was ended. */
  readonly forget?: (person: string, channel: string, address: Address) => void;
  /** Proves that this process is the one that sends. */
  readonly lease?: Lease;
  /** Real ms after the n-th failure; for tests. */
  readonly backOffMs?: (attempts: number) => number;
  readonly tickMs?: number;
  /** For tests. */
  readonly paceOf?: (channel: string) => Pace;
  /** How long closing waits for messages under way, in real ms. */
  readonly closingMs?: number;
};

export type Dispatcher = {
  start(): Promise<void>;
  /** Alarms, people or duties have changed: looked at in a moment, in any case within a second. */
  wake(): void;
  /** Resolves when everything that had changed before the call was looked at. */
  looked(): Promise<void>;
  /** Of an open or closed group. */
  deliveriesOf(group: string): Promise<Delivery[]>;
  channels(): ChannelState[];
  /** Sends a test to one person. */
  test(channel: string, person: string): Promise<TestDone>;
  seen(channel: string, test: string, by: string): Promise<TestDone>;
  /** What people must mend: sentences that begin with their part (`duty: …`). */
  troubles(): string[];
  /** Sends nothing more; closing the notifiers is the caller's. */
  close(): Promise<void>;
};

/** What is kept of a group for its last word, when the desk no longer has it open. */
type GroupNote = {
  readonly group: Situation['group'];
  readonly firstOut: string;
  /** The alarms told of, worst first. */
  readonly alarms: readonly string[];
};
const noteKind = recordKind<GroupNote>('dispatch-group');

/** So many alarms of a group are remembered for its last word. */
const noted = 5;

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { state, clock, desk, channels, deployment, sight, log, tickMs = 1000 } = options;
  const ledger = createLedger(state, clock, options.lease);
  const notes = new Map<string, GroupNote>();
  const closings = new Map<string, Promise<Closing>>();
  let troubles: readonly string[] = [];
  let trouble: string | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  let byId = new Map<string, Person>();
  let indexed: readonly Person[] | undefined;
  function personOf(id: string): Person | undefined {
    const people = options.people();
    if (people !== indexed) {
      indexed = people;
      byId = new Map(people.map((person) => [person.id, person]));
    }
    return byId.get(id);
  }
  const tests = createChannelTests({
    state,
    ledger,
    clock,
    timeZone: deployment.timeZone,
    channels,
    hour: options.testHour ?? 8,
    testers,
  });
  const sender = createSender({
    ledger,
    channels,
    clock,
    log,
    compose,
    isQuiet: (record) => isQuiet(record, personOf(record.person)?.quietHours ?? null, deployment.timeZone, clock.now()),
    alsoKept: tests.sent,
    gone: ({ person, channel }, address) => options.forget?.(person, channel, address),
    ...(options.backOffMs === undefined ? {} : { backOffMs: options.backOffMs }),
    ...(options.paceOf === undefined ? {} : { paceOf: options.paceOf }),
    ...(options.closingMs === undefined ? {} : { closingMs: options.closingMs }),
  });

  function staff(): Staff {
    return {
      people: options.people(),
      channels,
      escalation: options.escalation,
      onDuty: options.onDuty(clock.now()),
      drills: options.drills(),
    };
  }

  function testers(channel: Channel): readonly Person[] {
    const people = options.people().filter((person) => isTold(person) && reachesOf(person, [channel]).length > 0);
    const duties = options.escalation[0]?.duties ?? [];
    const ids = new Set(
      options.onDuty(clock.now()).flatMap(({ duty, person }) => (duties.includes(duty) ? [person] : [])),
    );
    const there = people.filter((person) => ids.has(person.id));
    return there.length > 0 ? there : people.filter(({ role }) => role === 'admin');
  }

  /** One look at everything. */
  async function reconcile(): Promise<void> {
    const { groups, alarms } = desk.view();
    const nowMs = clock.now();
    const now = staff();
    const unmanned = new Set<string>();
    const open = new Set(groups.map(({ id }) => id));
    let untold = false;
    const wanted = new Map<string, readonly Target[]>();
    for (const group of groups) {
      const recipients = recipientsOf(group, now, lostOf(group.id));
      wanted.set(group.id, recipients.targets);
      if (group.acknowledged !== null) continue;
      for (const duty of recipients.unmanned) unmanned.add(duty);
      if (group.annunciation > 0 && group.drill === null && recipients.targets.length === 0) untold = true;
    }
    const byGroup = Map.groupBy(alarms, ({ group }) => group);

    await ledger.apply((look) => {
      const rows: DeliveryRecord[] = [];
      const puts: Put[] = [];
      for (const group of groups) {
        const kept = new Map(ledger.of(group.id).map(({ id }) => [id, look(id) as DeliveryRecord]));
        const targets = wanted.get(group.id) ?? [];
        const ways = detours(group, targets, kept, (id) => {
          const person = personOf(id);
          return person === undefined ? [] : reachesOf(person, channels);
        });
        rows.push(...reconcileOpen(group, [...targets, ...ways], [...kept.values()], nowMs));
        if (kept.size > 0 || targets.length > 0) puts.push(...noting(group, byGroup.get(group.id) ?? []));
      }
      for (const id of ledger.groups()) {
        if (open.has(id)) continue;
        const kept = ledger.of(id).map((row) => look(row.id) as DeliveryRecord);
        const alarmRows = kept.filter(({ topic }) => topic === 'alarm');
        rows.push(...reconcileOver(alarmRows, nowMs));
        for (const row of kept)
          if (row.topic === 'test' && stateOf(row) === 'waiting' && nowMs - row.waitingSinceMs >= deadAfterMs)
            rows.push(givenUp(row, 'not sent for 24 hours', nowMs));
      }
      return { rows, puts };
    });
    forgetClosed(open);
    troubles = troublesOf(unmanned, { untold: untold && now.people.some(isTold), deserted: isDeserted(now) });
  }

  /** People of whom every address that was tried for this group is dead. */
  function lostOf(group: string): ReadonlySet<string> {
    const byPerson = Map.groupBy(ledger.of(group), ({ person }) => person);
    return new Set([...byPerson].flatMap(([id, rows]) => (rows.every((row) => stateOf(row) === 'dead') ? [id] : [])));
  }

  /** Remembers what the last word will be about; writes when it has changed. */
  function noting(group: OpenGroup, alarms: readonly OpenAlarm[]): Put[] {
    const { id, list, basin, priority, annunciation, headline, drill } = group;
    const note = {
      group: { id, list, basin, priority, annunciation, headline, drill },
      firstOut: group.firstOut,
      alarms: alarms
        .map(lookOf)
        .sort(worstFirst)
        .slice(0, noted)
        .map((alarm) => alarm.id),
    };
    if (JSON.stringify(notes.get(id)) === JSON.stringify(note)) return [];
    notes.set(id, note);
    return [put({ kind: noteKind, id, body: note })];
  }

  function forgetClosed(open: ReadonlySet<string>): void {
    const undone = new Set(ledger.groups());
    for (const id of notes.keys())
      if (!open.has(id) && !undone.has(id)) {
        notes.delete(id);
        closings.delete(id);
        state
          .commit({ nowMs: clock.now(), removes: [{ kind: noteKind, id }] })
          .catch((error) => log.warn({ err: error }, 'a note of a closed group is left behind'));
      }
  }

  /** Whether an alarm now would find the whole chain without anybody. */
  function isDeserted(now: Staff): boolean {
    const alarm = {
      list: 'flood',
      basin: null,
      priority: 'high',
      annunciation: 1,
      escalation: 0,
      drill: null,
    } as const;
    const { unmanned } = recipientsOf(alarm, now);
    return now.escalation.every(({ duties }) => duties.every((duty) => unmanned.includes(duty)));
  }

  function troublesOf(
    unmanned: ReadonlySet<string>,
    { untold, deserted }: { untold: boolean; deserted: boolean },
  ): string[] {
    return [
      ...(options.hasRoster() && deserted && unmanned.size === 0
        ? ['duty: nobody who can be reached is on any duty now']
        : []),
      ...(options.hasRoster()
        ? [...unmanned].map(
            (duty) => `duty: nobody who can be reached is on duty as ${duty}; the next step was told at once`,
          )
        : []),
      ...(untold ? ['duty: an alarm is open and nobody can be told; give people contacts, and set a roster'] : []),
    ];
  }

  async function compose(record: DeliveryRecord, wish: Wish, key: string): Promise<Composed> {
    const person = personOf(record.person);
    if (person === undefined || !isTold(person)) return { state: 'never', reason: 'the account is not active' };
    const reach = reachesOf(person, channels).find(
      ({ channel, slot }) => channel === record.channel && slot === record.slot,
    );
    if (reach === undefined) return { state: 'never', reason: 'the person has no address for this channel any more' };
    if (record.topic === 'test') {
      const { group: id, channel } = record;
      const notice = renderTest({ id, channel, ...words(), link: options.link(null) }, key);
      return { state: 'ready', notice, to: reach.address };
    }
    const situation = wish.over ? await overNow(record.group) : openNow(record.group, wish.annunciation);
    if (situation === undefined) return { state: 'not-now' };
    return { state: 'ready', notice: renderAlarm(situation, key), to: reach.address };
  }

  function words() {
    return { deployment: deployment.name, timeZone: deployment.timeZone, nowMs: clock.now() };
  }

  /** Undefined when the group is another by now than the wish knows: the wish is about to be replaced. */
  function openNow(id: string, annunciation: number): Situation | undefined {
    const { groups, alarms } = desk.view();
    const group = groups.find((one) => one.id === id);
    if (group === undefined || group.annunciation !== annunciation) return undefined;
    const { acknowledged } = group;
    const told = alarms
      .filter((alarm) => alarm.group === id)
      .map(lookOf)
      .sort(worstFirst);
    return {
      ...words(),
      group,
      closedAtMs: null,
      acknowledged:
        acknowledged === null
          ? null
          : { name: personOf(acknowledged.by)?.name ?? acknowledged.by, atMs: acknowledged.atMs },
      alarms: told.map((alarm) => tellOf(alarm, sight, null)),
      link: options.link(told[0]?.id ?? group.firstOut),
    };
  }

  async function overNow(id: string): Promise<Situation | undefined> {
    const note = notes.get(id);
    if (note === undefined || desk.view().groups.some((group) => group.id === id)) return undefined;
    const known = closings.get(id) ?? closingOf(note);
    closings.set(id, known);
    const { closedAtMs, alarms } = await known;
    return {
      ...words(),
      group: note.group,
      closedAtMs,
      acknowledged: null,
      alarms: alarms.map((alarm) => tellOf(alarm, sight, closedAtMs)),
      link: options.link(note.firstOut),
    };
  }

  async function closingOf({ group, firstOut, alarms: ids }: GroupNote): Promise<Closing> {
    const details = await Promise.all([...new Set([...ids, firstOut])].map((id) => desk.detail(id, group.drill)));
    const found = details.filter((detail) => detail !== undefined);
    const closedAt = found[0]?.group.closedAt;
    return {
      closedAtMs: closedAt == null ? clock.now() : Date.parse(closedAt),
      alarms: found.map(({ alarm }) => lookOfWire(alarm)),
    };
  }

  async function round(): Promise<void> {
    do {
      again = false;
      try {
        await options.refresh?.();
        await reconcile();
        await tests.tick();
        trouble = undefined;
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (trouble === undefined) log.error({ err: error }, 'deliveries cannot be kept');
        trouble = `dispatch: ${message}`;
      }
      sender.pump();
    } while (again && !closed);
    running = undefined;
  }

  function wake(): void {
    if (closed) return;
    again = true;
    running ??= Promise.resolve().then(round);
  }

  return {
    async start() {
      for (const { id, body } of await state.records(noteKind)) notes.set(id, body);
      await ledger.start();
      await tests.start();
      wake();
      timer = setInterval(wake, tickMs);
    },
    wake,
    async looked() {
      wake();
      await running;
    },
    async deliveriesOf(group) {
      const records = new Map(
        (await state.records(deliveryKind, { subject: group })).map(({ id, body }) => [id, body]),
      );
      for (const row of ledger.of(group)) records.set(row.id, row);
      return [...records.values()].map(deliveryOf).sort((a, b) => (a.id < b.id ? -1 : 1));
    },
    channels: () => channels.map((channel) => channelState(channel, ledger, tests, sender.fares(channel.name))),
    async test(channel, id) {
      const person = personOf(id);
      if (person === undefined) return { ok: false, code: 'not-found', reason: 'There is no such account.' };
      const done = await tests.send(channel, person);
      sender.pump();
      return done;
    },
    seen: tests.seen,
    troubles: () => [...troubles, ...(trouble === undefined ? [] : [trouble])],
    async close() {
      closed = true;
      clearInterval(timer);
      await running;
      await sender.close();
      await ledger.idle();
    },
  };
}

type Closing = { readonly closedAtMs: number; readonly alarms: readonly AlarmLook[] };

function channelState(
  { name, notifier, why }: Channel,
  ledger: Ledger,
  tests: ChannelTests,
  { lastSentAtMs, fault }: { lastSentAtMs: number | null; fault: string | null },
): ChannelState {
  let waiting = 0;
  let dead = 0;
  let failingMs = Number.POSITIVE_INFINITY;
  for (const row of ledger.all()) {
    if (row.channel !== name) continue;
    if (stateOf(row) === 'waiting') waiting += 1;
    if (stateOf(row) === 'waiting' && row.fault !== null) failingMs = Math.min(failingMs, row.waitingSinceMs);
    if (stateOf(row) === 'dead') dead += 1;
  }
  const lastMs = lastSentAtMs ?? tests.lastSentAtMs(name);
  return {
    name,
    on: notifier !== null,
    why,
    waiting,
    dead,
    lastSentAt: lastMs === null ? null : new Date(lastMs).toISOString(),
    fault,
    failingSince: Number.isFinite(failingMs) ? new Date(failingMs).toISOString() : null,
    test: tests.of(name),
  };
}
