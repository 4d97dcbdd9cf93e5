/**
 * What the rules would have done: stored readings once more in the order in which they came, through the same judge, the
 * same rules and the same desk, on a stepped clock and a store of its own that nobody else sees. Nobody is told.
 */
import { type Priority, type StationId, steppedClock } from '@siaga/protocol';
import { priorityRank } from '../domain/alarm.ts';
import type { Catalogue } from '../fleet/catalogue.ts';
import type { JudgingStore, ReadingStore, StateStore } from '../ports.ts';
import { arrivals } from './arrivals.ts';
import { createAlarmDesk } from './create-desk.ts';
import type { AlarmDesk } from './desk.ts';
import { type PastStation, pastStation } from './past-station.ts';
import type { PlatformFacts, World } from './rule.ts';
import { createRuleSet } from './rules/index.ts';
import type { AlarmSettings } from './settings.ts';

/** An empty store for one run, e.g. in memory. */
export type Scratch = {
  readonly state: StateStore;
  readonly judging: Pick<JudgingStore, 'takeLease'>;
  close(): Promise<void>;
};

export type DryRunOptions = {
  readonly catalogue: Catalogue;
  readonly readings: Pick<ReadingStore, 'readings'>;
  readonly scratch: () => Scratch;
  /** [fromMs, toMs) by the platform's clock; readings of the hours before only bring the levels up to date. */
  readonly fromMs: number;
  readonly toMs: number;
};

export type DryAlarm = {
  readonly key: string;
  readonly rule: string;
  readonly station: StationId | null;
  readonly basin: string | null;
  readonly sinceMs: number;
  readonly knownAtMs: number;
  readonly returnedAtMs: number | null;
  /** The highest that it reached, and what it said when it was raised. */
  readonly priority: Priority;
  readonly headline: string;
};

export type DryRun = {
  readonly readings: number;
  /** Of these, readings that came more than ten minutes after they were taken. */
  readonly late: number;
  readonly alarms: readonly DryAlarm[];
  /** Calls of groups: how often operators would have been called. */
  readonly calls: number;
  readonly chattering: readonly string[];
};

/** How a proposal differs from what is in force: alarms of one condition that overlap in time are the same. */
export type DryDifference = {
  readonly more: readonly DryAlarm[];
  readonly fewer: readonly DryAlarm[];
  readonly otherPriority: readonly { readonly inForce: DryAlarm; readonly proposed: DryAlarm }[];
};

const minuteMs = 60_000;
const leadInMs = 2 * 3_600_000;
const lateMs = 10 * minuteMs;
/** People are taken to answer so soon, so that what comes again is told again. */
const answeredAfterMs = 10 * minuteMs;
const answerer = { actor: 'machine', mayShelveTop: false, drill: null } as const;
const stepsPerTurn = 30;
const mostAlarms = 100_000;

/** Rejects only where the store does. Takes some seconds a month and station; other work gets its turns. */
export async function dryRun(options: DryRunOptions, alarms: AlarmSettings): Promise<DryRun> {
  const { readings, fromMs, toMs } = options;
  const catalogue = { ...options.catalogue, alarms };
  const clock = steppedClock(fromMs - leadInMs);
  const past = new Map(catalogue.stations.map((station) => [station.id, pastStation(station)]));
  const coming = arrivals(readings, [...past.keys()], clock.now() - leadInMs);
  const rules = createRuleSet(catalogue);
  const scratch = options.scratch();
  try {
    const desk = createAlarmDesk({
      state: scratch.state,
      leases: scratch.judging,
      clock,
      catalogue,
      rules,
      maintenance: (id) => past.get(id)?.facts(clock.now()).level.maintenance ?? false,
    });
    await desk.start();
    const seen = new Map<string, DryAlarm>();
    let count = 0;
    let late = 0;
    for (let step = 0; clock.now() < toMs; step += 1) {
      const nowMs = clock.now();
      const come = await coming.upTo(nowMs);
      for (const [station, ours] of Map.groupBy(come, (reading) => reading.station))
        past.get(station)?.take(ours, nowMs);
      await desk.take(rules.find(worldOf(catalogue, past, desk, nowMs)));
      note(seen, desk);
      await answer(desk, nowMs);
      if (nowMs >= fromMs) {
        count += come.length;
        late += come.filter(({ observedAtMs, receivedAtMs }) => receivedAtMs - observedAtMs > lateMs).length;
      }
      clock.moveTo(nowMs + minuteMs);
      if (step % stepsPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const { items, chattering } = await desk.kpis({ fromMs, toMs }, 1);
    const ends = await desk.history({ fromMs, toMs, limit: mostAlarms, drill: null });
    const found = ends.flatMap(({ id, returnedAtMs }) => {
      const alarm = seen.get(id);
      return alarm === undefined ? [] : [{ ...alarm, returnedAtMs }];
    });
    return { readings: count, late, alarms: found.reverse(), calls: items.count, chattering };
  } finally {
    await scratch.close();
  }
}

/** What a proposal would have done otherwise. */
export function difference(inForce: DryRun, proposed: DryRun): DryDifference {
  const twin = (of: DryAlarm, among: readonly DryAlarm[]) =>
    among.find(
      (other) =>
        other.key === of.key &&
        other.knownAtMs <= (of.returnedAtMs ?? Number.POSITIVE_INFINITY) &&
        of.knownAtMs <= (other.returnedAtMs ?? Number.POSITIVE_INFINITY),
    );
  return {
    more: proposed.alarms.filter((alarm) => twin(alarm, inForce.alarms) === undefined),
    fewer: inForce.alarms.filter((alarm) => twin(alarm, proposed.alarms) === undefined),
    otherPriority: proposed.alarms.flatMap((alarm) => {
      const before = twin(alarm, inForce.alarms);
      return before === undefined || before.priority === alarm.priority ? [] : [{ inForce: before, proposed: alarm }];
    }),
  };
}

function worldOf(
  catalogue: Catalogue,
  past: ReadonlyMap<StationId, PastStation>,
  desk: AlarmDesk,
  nowMs: number,
): World {
  return {
    nowMs,
    stations: new Map([...past].map(([id, station]) => [id, station.facts(nowMs)])),
    reaches: catalogue.reaches,
    platform: { ...wellBox, startedAtMs: 0, watermarkMs: nowMs },
    episodes: (station, fromMs) => past.get(station)?.episodes(fromMs) ?? [],
    madeKnown: desk.madeKnown,
  };
}

const wellBox: Omit<PlatformFacts, 'startedAtMs' | 'watermarkMs'> = {
  diskFreeBytes: null,
  diskFreePercent: null,
  judgingLagS: null,
  troubles: [],
  channels: [],
  heartbeatFault: null,
};

function note(seen: Map<string, DryAlarm>, desk: AlarmDesk): void {
  for (const { id, key, rule, station, basin, sinceMs, knownAtMs, returnedAtMs, priority, headline } of desk.view()
    .alarms) {
    const before = seen.get(id);
    const highest =
      before !== undefined && priorityRank[before.priority] > priorityRank[priority] ? before.priority : priority;
    const said = before?.headline ?? headline;
    seen.set(id, { key, rule, station, basin, sinceMs, knownAtMs, returnedAtMs, priority: highest, headline: said });
  }
}

async function answer(desk: AlarmDesk, nowMs: number): Promise<void> {
  const due = desk
    .view()
    .alarms.filter(({ acknowledged, knownAtMs }) => acknowledged === null && nowMs - knownAtMs >= answeredAfterMs);
  if (due.length > 0)
    await desk.acknowledge(
      answerer,
      due.map(({ id, version }) => ({ id, version })),
    );
  for (const { id, acknowledged, annunciatedAtMs } of desk.view().groups) {
    if (acknowledged !== null || annunciatedAtMs === null || nowMs - annunciatedAtMs < answeredAfterMs) continue;
    const group = desk.view().groups.find((each) => each.id === id);
    if (group !== undefined) await desk.acknowledgeGroup(answerer, { id, version: group.version });
  }
}
