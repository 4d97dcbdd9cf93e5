/**
 * Channels that are down for an hour while alarms come, step up, are repeated and fall: the real desk, dispatcher and
 * notifiers against fakes of the other side. The hour is the clock's; sending and its pauses are real time.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Severity, steppedClock } from '@siaga/protocol';
import { createAlarmDesk } from '../alarms/create-desk.ts';
import { createDispatcher, type Dispatcher } from '../alarms/dispatch/dispatcher.ts';
import { type Channel, type Person, reachesOf } from '../alarms/dispatch/person.ts';
import type { StationLook } from '../alarms/dispatch/situation.ts';
import type { Arrived, FakeChannel } from '../alarms/notify/testing/index.ts';
import type { FoundCondition } from '../alarms/rule.ts';
import { bandsAt } from '../domain/bands.ts';
import { catalogueFrom } from '../fleet/testing.ts';
import { silentLog } from '../log.ts';
import { openMemory } from '../store/memory/index.ts';

export type OutageOptions = {
  readonly fakes: readonly FakeChannel[];
  /** Names of the channels that go down. */
  readonly down: readonly string[];
  /** Whether the water has gone and the group is closed before they come back. */
  readonly overBefore: boolean;
  /** Pauses after failures are so many times shorter than in earnest. */
  readonly shortened: number;
};

/** What one person got by one channel. */
export type Got = {
  readonly person: string;
  readonly channel: string;
  readonly wasDown: boolean;
  readonly before: number;
  readonly meanwhile: number;
  /** Between the channel's return and the end of the group. */
  readonly back: number;
  readonly over: number;
  /** The first message after the return told the state of that moment. */
  readonly isCurrent: boolean;
};

export type OutageReport = {
  readonly got: readonly Got[];
  /** Messages that a person got twice, by idempotency key where the protocol carries one, and by content. */
  readonly twiceByKey: number;
  readonly twiceByContent: number;
  /** Calls for attention during the outage. */
  readonly calls: number;
  /** In the clock's minutes after the outage's begin the next duty was called; by what it was reached meanwhile. */
  readonly escalatedAfterMin: number | null;
  readonly supervisorReachedBy: readonly string[];
  /** Real ms from the first channel's return until everybody had the present state by all of them. */
  readonly backToCurrentMs: number;
};

const minuteMs = 60_000;
/** 02:00 in Jakarta. */
const startMs = Date.parse('2014-01-29T19:00:00Z');
const outageMin = { from: 5, to: 65 };
const operator = 'operator1';
const supervisor = 'supervisor1';

/** The stage in mm, the clock's minutes after the start: up to 2450 at 40, then down. */
function stageAt(minute: number, overBefore: boolean): number {
  const fall = overBefore ? 120 : 30;
  return minute <= 40 ? 850 + minute * 40 : Math.max(500, 2450 - (minute - 40) * fall);
}

export async function runOutage({ fakes, down, overBefore, shortened }: OutageOptions): Promise<OutageReport> {
  const clock = steppedClock(startMs);
  const catalogue = catalogueFrom();
  const stores = openMemory();
  const people = [personOf(operator, 'address', fakes), personOf(supervisor, 'otherAddress', fakes)];
  const channels = fakes.map(channelOf);
  const desk = createAlarmDesk({
    state: stores.state,
    leases: stores.judging,
    clock,
    catalogue,
    rules: {
      covers: () => true,
      escalation: [
        { afterMin: 0, duties: ['operator'] },
        { afterMin: 10, duties: ['supervisor'] },
      ],
    },
    maintenance: () => false,
  });
  const minute = () => (clock.now() - startMs) / minuteMs;
  const stage = () => stageAt(minute(), overBefore);
  const dispatcher = createDispatcher({
    state: stores.state,
    clock,
    desk,
    people: () => people,
    onDuty: () => [
      { duty: 'operator', person: operator },
      { duty: 'supervisor', person: supervisor },
    ],
    hasRoster: () => true,
    escalation: [
      { afterMin: 0, duties: ['operator'] },
      { afterMin: 10, duties: ['supervisor'] },
    ],
    channels,
    drills: () => [],
    deployment: catalogue.deployment,
    sight: { station: () => lookAt(stage(), minute() > 40), episodes: () => [] },
    link: () => null,
    log: silentLog(),
    // As in earnest, but shorter; no limits of providers.
    backOffMs: (attempts) => Math.min(300_000, 2_000 * 2 ** Math.min(attempts - 1, 20)) / shortened,
    paceOf: () => ({ together: 4, perMinute: 100_000 }),
    tickMs: 20,
    testHour: 23,
  });
  const isDown = (name: string) => down.includes(name);
  const counts = () => new Map(fakes.map((fake) => [fake.kind.name, fake.arrived().length]));
  const began = counts();

  async function step(): Promise<void> {
    const severity = severityOf(stage());
    await desk.take(severity === 0 ? [] : [conditionOf(severity, stage())]);
    dispatcher.wake();
    await settled(dispatcher, fakes, (name) => !isDown(name));
  }

  const outageFrom = startMs + outageMin.from * minuteMs;
  const outageTo = startMs + outageMin.to * minuteMs;
  const calls = () => desk.view().groups[0]?.annunciation ?? 0;
  let callsAtOutage = 0;
  let callsMax = 0;
  let group = '';
  let escalatedAfterMin: number | null = null;
  try {
    await desk.start();
    await dispatcher.start();
    let cursor = began;
    for (; clock.now() < outageFrom; clock.moveTo(clock.now() + minuteMs)) await step();
    callsAtOutage = calls();
    const before = arrivedSince(fakes, cursor);
    cursor = counts();

    await Promise.all(fakes.filter(({ kind }) => isDown(kind.name)).map((fake) => fake.set('down')));
    for (; clock.now() < outageTo; clock.moveTo(clock.now() + minuteMs)) {
      await step();
      callsMax = Math.max(callsMax, calls());
      const [open] = desk.view().groups;
      group = open?.id ?? group;
      if (open !== undefined && open.escalation > 0)
        escalatedAfterMin ??= Math.round((clock.now() - outageFrom) / minuteMs);
      // Over before the return: somebody acknowledged at the console what had gone.
      if (overBefore && severityOf(stage()) === 0) await acknowledgeAll(desk);
    }
    const meanwhile = arrivedSince(fakes, cursor);
    cursor = counts();

    // The clock stands from here on. Attempts that began before tell of then: they end before the channels come back.
    await step();
    await triedTwice(dispatcher, group);
    const present = overBefore ? /over since|Over: / : new RegExp(`\\b${Math.round(stage() / 10)} cm`);
    const backAtMs = performance.now();
    await Promise.all(fakes.filter(({ kind }) => isDown(kind.name)).map((fake) => fake.set('none')));
    await settled(dispatcher, fakes, () => true);
    const backToCurrentMs = performance.now() - backAtMs;
    const back = arrivedSince(fakes, cursor);
    cursor = counts();

    // The water goes, and it is acknowledged: over.
    for (let more = 0; desk.view().groups.length > 0 && more < 120; more += 1) {
      clock.moveTo(clock.now() + minuteMs);
      await desk.take([]);
      await acknowledgeAll(desk);
    }
    dispatcher.wake();
    await settled(dispatcher, fakes, () => true);
    const over = arrivedSince(fakes, cursor);
    const all = arrivedSince(fakes, began);

    const got = people.flatMap((person) =>
      reachesOf(person, channels).map(({ channel, address }): Got => {
        const of = (part: ReadonlyMap<string, readonly Arrived[]>) =>
          (part.get(channel) ?? []).filter((message) => message.address === address);
        const [first] = of(back);
        return {
          person: person.id,
          channel,
          wasDown: isDown(channel),
          before: of(before).length,
          meanwhile: of(meanwhile).length,
          back: of(back).length,
          over: of(over).length,
          isCurrent: first === undefined ? !isDown(channel) : present.test(first.text),
        };
      }),
    );
    return {
      got,
      ...repeats(all),
      calls: Math.max(0, callsMax - callsAtOutage),
      escalatedAfterMin,
      supervisorReachedBy: got
        .filter(({ person, meanwhile: count }) => person === supervisor && count > 0)
        .map(({ channel }) => channel),
      backToCurrentMs,
    };
  } finally {
    await dispatcher.close();
    for (const { notifier } of channels) await notifier?.close();
    await stores.close();
  }
}

function personOf(id: string, which: 'address' | 'otherAddress', fakes: readonly FakeChannel[]): Person {
  const contacts = Object.fromEntries(
    fakes.flatMap((fake) => (fake.kind.contact === 'push' ? [] : [[fake.kind.contact, fake[which]]])),
  );
  const push = fakes.flatMap((fake) => (fake.kind.contact === 'push' ? [fake[which]] : []));
  const told = { contacts, subscriptions: [], quietHours: null, push };
  return { id, name: id, role: 'operator', state: 'active', ...told };
}

/** Each by its own settings: the fakes trust different authorities. */
function channelOf({ kind, env }: FakeChannel): Channel {
  const opened = kind.open({ ...env, SIAGA_NOTIFY_TIMEOUT_S: '5' });
  if (opened.state !== 'on') throw new Error(`${kind.name} is ${JSON.stringify(opened)}`);
  return { name: kind.name, contact: kind.contact, notifier: opened.notifier, why: null };
}

function severityOf(stageMm: number): Severity {
  return stageMm >= 2010 ? 3 : stageMm >= 1510 ? 2 : stageMm >= 810 ? 1 : 0;
}

function conditionOf(severity: Severity, stageMm: number): FoundCondition {
  return {
    key: 'level/katulampa',
    rule: 'level',
    list: 'flood',
    signal: 'on',
    subject: { kind: 'station', id: 'katulampa' },
    station: 'katulampa',
    basin: 'ciliwung',
    priority: severity === 3 ? 'high' : severity === 2 ? 'medium' : 'low',
    severity,
    sinceMs: startMs,
    headline: `Katulampa: ${stageMm} mm`,
    evidence: { stageMm },
    settings: { on: true, onDelayS: 0, offDelayS: 60, reAlarmMin: 10, latch: false, response: 'Call the gate.' },
  };
}

function lookAt(stageMm: number, falling: boolean): StationLook {
  const station = catalogueFrom().station('katulampa');
  const at = new Date(startMs).toISOString();
  return {
    name: 'Katulampa',
    bands: station === undefined ? [] : bandsAt(station.thresholds, station.normalLabel, startMs),
    level: {
      severity: severityOf(stageMm),
      bandLabel: null,
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
      stageMm,
      flag: 1,
      trend: falling ? 'falling' : 'rising',
      rateMmPer10Min: falling ? -300 : 400,
      intervalS: 60,
    },
  };
}

async function acknowledgeAll(desk: ReturnType<typeof createAlarmDesk>): Promise<void> {
  const { alarms } = desk.view();
  const open = alarms.filter(({ acknowledged }) => acknowledged === null);
  const acting = { actor: operator, mayShelveTop: false, drill: null };
  if (open.length > 0)
    await desk.acknowledge(
      acting,
      open.map(({ id, version }) => ({ id, version })),
    );
}

/** Until nothing waits in the channels that can send. */
async function settled(
  dispatcher: Dispatcher,
  fakes: readonly FakeChannel[],
  canSend: (channel: string) => boolean,
): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  const names = new Set(fakes.map(({ kind }) => kind.name).filter(canSend));
  await dispatcher.looked();
  for (;;) {
    if (dispatcher.channels().every(({ name, waiting }) => !names.has(name) || waiting === 0)) return;
    if (performance.now() > deadlineMs)
      throw new Error(`still waiting after 20 s: ${JSON.stringify(dispatcher.channels())}`);
    await pause(3);
  }
}

/** Until everything that waits was tried twice more: whatever was under way at the call has ended. */
async function triedTwice(dispatcher: Dispatcher, group: string): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  const waiting = async () =>
    new Map(
      (await dispatcher.deliveriesOf(group))
        .filter(({ state }) => state === 'waiting')
        .map(({ id, attempts }) => [id, attempts]),
    );
  const before = await waiting();
  for (;;) {
    const now = await waiting();
    if ([...before].every(([id, attempts]) => (now.get(id) ?? attempts + 2) >= attempts + 2)) return;
    if (performance.now() > deadlineMs) throw new Error('what waits is not tried again');
    await pause(3);
  }
}

function arrivedSince(
  fakes: readonly FakeChannel[],
  from: ReadonlyMap<string, number>,
): Map<string, readonly Arrived[]> {
  return new Map(fakes.map((fake) => [fake.kind.name, fake.arrived().slice(from.get(fake.kind.name) ?? 0)]));
}

function repeats(all: ReadonlyMap<string, readonly Arrived[]>): { twiceByKey: number; twiceByContent: number } {
  let twiceByKey = 0;
  let twiceByContent = 0;
  for (const messages of all.values()) {
    const keys = new Set<string>();
    const texts = new Set<string>();
    for (const { address, key, text } of messages) {
      if (key !== null && keys.has(`${address} ${key}`)) twiceByKey += 1;
      if (texts.has(`${address} ${text}`)) twiceByContent += 1;
      if (key !== null) keys.add(`${address} ${key}`);
      texts.add(`${address} ${text}`);
    }
  }
  return { twiceByKey, twiceByContent };
}
