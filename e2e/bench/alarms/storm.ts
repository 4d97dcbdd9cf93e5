/**
 * A storm: more than 500 conditions within ten minutes on 200 stations of four basins, of nearly every rule at once, with
 * some alarms shelved before it. What counts is what an operator has to handle, that nothing of the top priority is
 * hidden, and that what was shelved comes back when it should.
 */
import { join } from 'node:path';
import { type AlarmState, type AlarmTrial, type PlatformFacts, startAlarmTrial } from '@siaga/cloud';
import { type Health, mintStreamId, type Reading, steppedClock, type Works } from '@siaga/protocol';
import { prngOf } from '@siaga/simulator';
import { atLeast, atMost, figure, type Row } from '../report.ts';
import { blankingMm, catalogueText, type NetworkReach, type NetworkStation } from './network.ts';
import { quickFolder } from './quick-folder.ts';

const originMs = Date.UTC(2026, 0, 20, 6);
const secondMs = 1000;
const minuteMs = 60_000;
const calmMin = 40;
const stormMin = 10;
const afterMin = 30;
/** Readings of a cut-off station are this old when the link is back. */
const cutOffMin = 35;
const operator = { actor: 'operator1', mayShelveTop: false, drill: null } as const;

/** What becomes of a station in the storm, by its number in the basin. */
type Fate = 'rises' | 'blocked' | 'blind' | 'silent' | 'cut-off' | 'calm';

const basins = ['north', 'east', 'south', 'west'];
const perBasin = 50;

function fateOf(number: number): Fate {
  if (number < 44) return 'rises';
  if (number === 44) return 'cut-off';
  if (number === 45) return 'blocked';
  if (number === 46) return 'blind';
  return number === 47 ? 'silent' : 'calm';
}

type Site = NetworkStation & { readonly number: number; readonly fate: Fate; readonly stream: string };

const sites: readonly Site[] = basins.flatMap((basin) =>
  Array.from(
    { length: perBasin },
    (_, number): Site => ({
      id: `${basin}-${number}`,
      kind: number < 2 ? 'pump-basin' : 'river',
      basin,
      limitsMm: [1000, 1500, 2000],
      sensorElevationMm: 5000,
      number,
      fate: fateOf(number),
      stream: mintStreamId(),
    }),
  ),
);
/** The station that is cut off lies above all the calm ones. */
const reaches: readonly NetworkReach[] = basins.map((basin) => ({
  from: `${basin}-44`,
  to: `${basin}-49`,
  minH: 2,
  maxH: 4,
}));

export async function playStorm(seed: string): Promise<Row[]> {
  const { path, remove } = quickFolder('storm');
  const clock = steppedClock(originMs);
  const chance = prngOf(seed);
  let facts: Partial<PlatformFacts> = {};
  const trial = await startAlarmTrial({
    catalogue: catalogueText(sites, reaches),
    storeUrl: `sqlite:${join(path, 'storm.db')}`,
    clock,
    platform: () => facts,
    works: (station) => (/-[01]$/.test(station) ? stoppedPump : null),
  });
  const seqs = new Map<string, number>();
  const held = new Map<string, Reading[]>();
  const watch = watchStorm(trial);
  const shelves: { readonly id: string; readonly untilMs: number }[] = [];
  let looks = 0;
  let lookMs = 0;

  async function second(at: number): Promise<void> {
    clock.moveTo(originMs + at * secondMs);
    const minute = at / 60;
    const batches = sites.flatMap((site) => {
      if (at % 60 !== site.number % 60) return [];
      const seq = (seqs.get(site.id) ?? 0) + 1;
      seqs.set(site.id, seq);
      const reading = readingOf(site, minute, { seq, observedAtMs: clock.now(), noiseMm: 4 * chance.normal() });
      if (reading === null) return [];
      const queue = [...(held.get(site.id) ?? []), reading];
      held.set(site.id, isCutOff(site, minute) ? queue : []);
      if (isCutOff(site, minute)) return [];
      const common = { stream: site.stream, boot: 'b-1', rev: 0, gauge: 'main', intervalS: 60 };
      return [
        {
          station: site.id,
          receivedAtMs: clock.now(),
          batch: { ...common, maintenance: false, readings: queue, lost: [] },
        },
      ];
    });
    if (batches.length > 0) await trial.receive(batches);
    const beganMs = performance.now();
    await trial.look();
    lookMs += performance.now() - beganMs;
    looks += 1;
    watch.looked(clock.now());
  }

  try {
    const stormAt = calmMin * 60;
    for (let at = 0; at < stormAt; at += 1) {
      // Agents complain some minutes before, so that their on-delay ends within the storm.
      if (at === stormAt - 8 * 60) for (const site of sites) await trial.health(site.id, healthOf(site, clock.now()));
      // Two of a basin had a low battery for long: people know, and have shelved it.
      if (at === 60)
        for (const site of sites.filter(isKnownBad))
          await trial.health(site.id, { ...healthOf(site, clock.now()), ...lowBattery });
      await second(at);
    }
    for (const alarm of trial.desk.view().alarms.filter(({ rule }) => rule === 'agent')) {
      const untilMs = clock.now() + (4 + (shelves.length % 12)) * minuteMs;
      await shelve(trial, alarm, untilMs);
      shelves.push({ id: alarm.id, untilMs });
    }
    watch.storm(clock.now(), stormMin * minuteMs);
    facts = troubledBox(originMs + stormAt * secondMs);
    for (let at = stormAt; at < stormAt + (stormMin + afterMin) * 60; at += 1) await second(at);
    const seen = watch.seen();
    const lateS = shelves.map(
      ({ id, untilMs }) => Math.abs((seen.unshelvedMs.get(id) ?? Number.POSITIVE_INFINITY) - untilMs) / 1000,
    );
    return [
      figure(`storm (seed ${seed}): stations`, sites.length, ''),
      atLeast(500, `storm: conditions that became alarms in ${stormMin} min`, seen.raised.length, ''),
      ...[...Map.groupBy(seen.raised, ({ rule }) => rule)].map(([rule, of]) =>
        figure(`storm:   of these ${rule}`, of.length, ''),
      ),
      atMost(10, 'storm: operator items in them', seen.items.size, ''),
      figure('storm: calls of these items', seen.calls, ''),
      atLeast(100, 'storm: alarms of the top priority', seen.top.size, ''),
      atMost(0, 'storm: of these hidden at any second', seen.hidden.size, ''),
      atLeast(8, 'storm: alarms shelved before it', shelves.length, ''),
      atMost(1, 'storm: shelved ones back, furthest from their time', Math.max(...lateS), 's'),
      figure('storm: one look at 200 stations, mean', lookMs / looks, 'ms'),
    ];
  } finally {
    await trial.close();
    remove();
  }
}

function isCutOff({ fate }: Site, minute: number): boolean {
  return fate === 'cut-off' && minute >= calmMin + 2 - cutOffMin && minute < calmMin + 2;
}

function isKnownBad({ number }: Site): boolean {
  return number === 10 || number === 20;
}

/** What the sensor says; null while nothing comes. The water rises from the storm on, first where the number is low. */
function readingOf(
  { fate, number, sensorElevationMm }: Site,
  minute: number,
  { noiseMm, ...at }: { seq: number; observedAtMs: number; noiseMm: number },
): Reading | null {
  const common = {
    spreadMm: 4,
    validPercent: 100,
    temperatureDeciC: null,
    flag: 1,
    test: 'none',
    clock: 'synced',
    echo: 'seen',
  } as const;
  const since = minute - calmMin - (number % 4);
  const risenMm = Math.max(0, Math.min(since * 200, 1600));
  const of = (stageMm: number): Reading => ({
    ...common,
    ...at,
    distanceMm: Math.round(sensorElevationMm - stageMm + noiseMm),
  });
  switch (fate) {
    case 'rises':
      return of(900 + risenMm);
    case 'cut-off':
      // A flood wave that came and went while the link was down.
      return of(700 + 900 * Math.exp(-(((minute - calmMin + 16) / 5) ** 2)));
    case 'blocked':
      return minute < calmMin + 1 ? of(500) : { ...common, ...at, distanceMm: blankingMm, echo: 'blanking', flag: 3 };
    case 'blind':
      return minute < calmMin - 15 ? of(500) : { ...common, ...at, distanceMm: null, echo: 'none', flag: 9 };
    case 'silent':
      return minute < calmMin - 1 ? of(500) : null;
    case 'calm':
      return of(500);
  }
}

const stoppedPump: Works = {
  gates: [],
  pumps: [
    { name: 'P1', state: 'stopped' },
    { name: 'P2', state: 'running' },
  ],
  enteredAt: new Date(originMs).toISOString(),
  by: 'operator1',
};

const lowBattery = { batteryMv: 11_000 };

/** Seven in ten agents complain, each of another thing. */
function healthOf(site: Site, nowMs: number): Extract<Health, { state: 'online' }> {
  const { number } = site;
  const iso = (ms: number) => new Date(ms).toISOString();
  const complains = (of: number) => number % 10 === of;
  return {
    v: 1,
    state: 'online',
    connection: 1,
    at: iso(nowMs),
    boot: 'b-1',
    stream: site.stream,
    uptimeS: 1000,
    clock: complains(1) || complains(7) ? 'unsynced' : 'synced',
    maintenanceUntil: null,
    backlog: complains(2) ? { count: 90, oldestAt: iso(nowMs - 2 * 60 * minuteMs) } : { count: 0, oldestAt: null },
    batteryMv: isKnownBad(site) || complains(3) ? lowBattery.batteryMv : 12_600,
    diskFreeBytes: complains(4) ? 10_000_000 : 5_000_000_000,
    gauges: ['main', 'second'].map((gauge, i) => ({
      gauge,
      link: complains(5 + i) ? 'closed' : 'open',
      lastFrameAt: null,
      frames: 0,
      discardedBytes: 0,
      badFrames: 0,
    })),
  };
}

/** The box suffers too. */
function troubledBox(nowMs: number): Partial<PlatformFacts> {
  return {
    diskFreeBytes: 100_000_000,
    diskFreePercent: 1,
    judgingLagS: 60,
    troubles: ['store: disk I/O error', 'clock: it stands before the newest message'],
    heartbeatFault: 'no answer',
    channels: ['email', 'sms'].map((name) => ({
      name,
      on: true,
      why: null,
      waiting: 9,
      dead: 3,
      lastSentAt: null,
      failingSince: null,
      fault: 'refused',
      test: {
        id: `test-${name}`,
        sentAt: new Date(nowMs - 24 * 60 * minuteMs).toISOString(),
        seenAt: null,
        seenBy: null,
      },
    })),
  };
}

async function shelve({ desk }: AlarmTrial, { id, version }: AlarmState, untilMs: number): Promise<void> {
  const done = await desk.shelve(
    operator,
    { id, version },
    { untilMs, oneShot: false, reason: 'Battery is on order.' },
  );
  if (!done.ok) throw new Error(`the operator was refused: ${done.reason}`);
}

/** What an operator would have seen, second by second. */
function watchStorm({ desk }: AlarmTrial) {
  let fromMs = Number.POSITIVE_INFINITY;
  let toMs = Number.POSITIVE_INFINITY;
  let before = new Set<string>();
  const raised: AlarmState[] = [];
  const items = new Map<string, number>();
  const calls = new Map<string, number>();
  const top = new Set<string>();
  const hidden = new Set<string>();
  const shelved = new Set<string>();
  const unshelvedMs = new Map<string, number>();

  return {
    storm(atMs: number, lastsMs: number): void {
      fromMs = atMs;
      toMs = atMs + lastsMs;
      for (const { id, annunciation } of desk.view().groups) calls.set(id, annunciation);
      for (const { id, suppression } of desk.view().alarms) if (suppression?.kind === 'shelved') shelved.add(id);
    },
    looked(nowMs: number): void {
      const { alarms, groups } = desk.view();
      const byId = new Map(groups.map((group) => [group.id, group]));
      const isStorm = nowMs > fromMs && nowMs <= toMs;
      for (const alarm of alarms) {
        if (isStorm && !before.has(alarm.id)) raised.push(alarm);
        if (shelved.has(alarm.id) && alarm.suppression?.kind !== 'shelved') {
          shelved.delete(alarm.id);
          unshelvedMs.set(alarm.id, nowMs);
        }
        if (alarm.priority !== 'high' || alarm.condition !== 'active') continue;
        top.add(alarm.id);
        const group = byId.get(alarm.group);
        const isShown = alarm.suppression === null && group?.priority === 'high' && group.annunciation > 0;
        if (!isShown) hidden.add(alarm.id);
      }
      if (isStorm)
        for (const { id, annunciation, openedAtMs } of groups)
          if (openedAtMs > fromMs || annunciation > (calls.get(id) ?? 0))
            items.set(id, annunciation - (calls.get(id) ?? 0));
      before = new Set(alarms.map(({ id }) => id));
    },
    seen: () => ({
      raised,
      items,
      calls: [...items.values()].reduce((sum, count) => sum + count, 0),
      top,
      hidden,
      unshelvedMs,
    }),
  };
}
