/**
 * Watches a season from outside: it knows what the water truly did and which readings have come through, and asks of the
 * desk only what is open. It decides by itself what ought to have been alarmed, and when.
 */
import type { AlarmState } from '@siaga/cloud';
import type { NetworkStation } from './network.ts';
import type { FieldReading } from './season-field.ts';
import { type Crossing, isFarBelow, isSurelyAbove, type StationWater } from './season-water.ts';

const minuteMs = 60_000;
/** Four reporting intervals: what is older is no present reading. */
const staleMs = 4 * minuteMs;
/** A crossing known sooner than this after it began is not late. */
const lateMs = 10 * minuteMs;
const graceForLateMs = 5 * minuteMs;
/** So many true readings above the limit, one after the other, leave no doubt of a crossing. */
const beyondDoubt = 3;

type Kept = Crossing & {
  /** When a present reading above the limit had come through. */
  presentMs: number | null;
  /** True readings above the limit that have come through, by minute. */
  readonly minutes: Set<number>;
  /** When the past crossing was beyond doubt, without ever having been present. */
  learntMs: number | null;
  alarmed: boolean;
  told: boolean;
};

export type SeasonFindings = {
  crossings: number;
  presentlyKnown: number;
  slowestS: number;
  tooSlow: number;
  learntLate: number;
  learntLateMissed: number;
  raisedFromLate: number;
  raisedFalsely: number;
  raisedByFaults: number;
  readonly faults: string[];
};

export type SeasonWatch = {
  /** These readings of a station have come through, in this order. */
  received(station: NetworkStation, readings: readonly FieldReading[], nowMs: number): void;
  /** The platform stood still for so long: nothing can be asked of that time. */
  stood(ms: number): void;
  /** Looks at what is open. */
  looked(alarms: readonly AlarmState[], nowMs: number): void;
  findings(): SeasonFindings;
};

export function watchSeason(
  stations: readonly NetworkStation[],
  water: ReadonlyMap<string, StationWater>,
  { originMs, travelMs }: { originMs: number; travelMs: (station: NetworkStation) => number },
): SeasonWatch {
  const sum: SeasonFindings = {
    crossings: 0,
    presentlyKnown: 0,
    slowestS: 0,
    tooSlow: 0,
    learntLate: 0,
    learntLateMissed: 0,
    raisedFromLate: 0,
    raisedFalsely: 0,
    raisedByFaults: 0,
    faults: [],
  };
  const byId = new Map(stations.map((station) => [station.id, station]));
  const waiting = new Map<string, Kept[]>(
    stations.map(({ id }) => [
      id,
      (water.get(id)?.crossings ?? []).map((crossing) => ({
        ...crossing,
        presentMs: null,
        minutes: new Set<number>(),
        learntMs: null,
        alarmed: false,
        told: false,
      })),
    ]),
  );
  sum.crossings = [...waiting.values()].reduce((count, each) => count + each.length, 0);
  const newestMs = new Map<string, number>();
  const newestIsTrue = new Map<string, boolean>();
  let before = new Map<string, AlarmState>();

  const minuteOf = (ms: number) => Math.floor((ms - originMs) / minuteMs);
  const stageAt = (id: string, minute: number) => water.get(id)?.stageMm[minute] ?? Number.NEGATIVE_INFINITY;
  const iso = (ms: number) => new Date(ms).toISOString();

  function note(station: NetworkStation, { reading, isTrue }: FieldReading, nowMs: number): void {
    const newest = newestMs.get(station.id) ?? 0;
    const isNewest = reading.observedAtMs > newest;
    if (isNewest) {
      newestMs.set(station.id, reading.observedAtMs);
      newestIsTrue.set(station.id, isTrue);
    }
    if (!isTrue) return;
    const minute = minuteOf(reading.observedAtMs);
    for (const crossing of waiting.get(station.id) ?? []) {
      if (minute < crossing.fromMin || minute >= crossing.toMin) continue;
      if (!isSurelyAbove(station, crossing.severity, stageAt(station.id, minute))) continue;
      crossing.minutes.add(minute);
      if (isNewest && nowMs - reading.observedAtMs <= staleMs) crossing.presentMs ??= nowMs;
      if (crossing.learntMs === null && lastsThrough(crossing.minutes, minute)) crossing.learntMs = nowMs;
    }
  }

  function checkRaised(alarm: AlarmState, nowMs: number): void {
    if (alarm.rule !== 'level' || alarm.station === null || alarm.condition !== 'active') return;
    const old = before.get(alarm.id);
    const isNews = old === undefined || old.condition === 'returned' || (alarm.severity ?? 0) > (old.severity ?? 0);
    if (!isNews) return;
    const station = byId.get(alarm.station) as NetworkStation;
    if (nowMs - (newestMs.get(alarm.station) ?? 0) > staleMs) {
      sum.raisedFromLate += 1;
      sum.faults.push(`${iso(nowMs)} ${alarm.key} raised from late data`);
    }
    const now = minuteOf(nowMs);
    const severity = (alarm.severity ?? 1) as 1 | 2 | 3;
    const recent = Array.from({ length: 8 }, (_, i) => stageAt(alarm.station as string, now - i));
    if (recent.every((stageMm) => isFarBelow(station, severity, stageMm))) {
      // What is stuck, or the last before silence, nobody can tell from water.
      if (newestIsTrue.get(alarm.station) === false) {
        sum.raisedByFaults += 1;
        return;
      }
      sum.raisedFalsely += 1;
      sum.faults.push(`${iso(nowMs)} ${alarm.key} raised at ${severity}, the water never was there: ${alarm.headline}`);
    }
  }

  function checkCrossing(station: NetworkStation, crossing: Kept, open: readonly AlarmState[], nowMs: number): boolean {
    const { severity, presentMs, learntMs } = crossing;
    const fromMs = originMs + crossing.fromMin * minuteMs;
    if (!crossing.alarmed && (presentMs !== null || learntMs !== null))
      crossing.alarmed = open.some(
        (alarm) => alarm.rule === 'level' && alarm.condition === 'active' && (alarm.severity ?? 0) >= severity,
      );
    const name = `${station.id} ${severity} at ${iso(fromMs)}`;
    if (presentMs !== null) {
      const waitedS = (nowMs - presentMs) / 1000;
      if (crossing.alarmed) {
        sum.presentlyKnown += 1;
        sum.slowestS = Math.max(sum.slowestS, waitedS);
        if (waitedS > 60) {
          sum.tooSlow += 1;
          sum.faults.push(`${name}: known ${iso(presentMs)}, alarmed ${waitedS} s later`);
        }
        return true;
      }
      if (waitedS <= 600) return false;
      sum.presentlyKnown += 1;
      sum.tooSlow += 1;
      sum.faults.push(`${name}: known ${iso(presentMs)}, never alarmed`);
      return true;
    }
    if (learntMs === null || crossing.alarmed) return crossing.alarmed;
    const leftMs = fromMs + travelMs(station) - learntMs;
    if (learntMs - fromMs <= lateMs || leftMs <= graceForLateMs) return learntMs - fromMs > lateMs;
    const told = open.some(
      ({ rule, severity: of, sinceMs }) =>
        rule === 'learnt-late' &&
        (of ?? 0) >= severity &&
        sinceMs >= fromMs - 60 * minuteMs &&
        sinceMs <= originMs + crossing.toMin * minuteMs,
    );
    if (!told && nowMs - learntMs <= graceForLateMs) return false;
    sum.learntLate += 1;
    if (!told) {
      sum.learntLateMissed += 1;
      sum.faults.push(`${name}: learnt ${iso(learntMs)}, not told`);
    }
    return true;
  }

  return {
    received(station, readings, nowMs) {
      for (const reading of readings) note(station, reading, nowMs);
    },
    stood(ms) {
      for (const crossing of [...waiting.values()].flat()) {
        if (crossing.presentMs !== null) crossing.presentMs += ms;
        if (crossing.learntMs !== null) crossing.learntMs += ms;
      }
    },
    looked(alarms, nowMs) {
      const ofStation = Map.groupBy(alarms, ({ station }) => station ?? '');
      const now = new Map(alarms.map((alarm) => [alarm.id, alarm]));
      for (const alarm of alarms) if (before.get(alarm.id) !== alarm) checkRaised(alarm, nowMs);
      before = now;
      for (const station of stations) {
        const open = ofStation.get(station.id) ?? [];
        const left = waiting.get(station.id) ?? [];
        const active = left.filter(({ presentMs, learntMs }) => presentMs !== null || learntMs !== null);
        if (active.length === 0) continue;
        const done = new Set(active.filter((crossing) => checkCrossing(station, crossing, open, nowMs)));
        if (done.size > 0)
          waiting.set(
            station.id,
            left.filter((crossing) => !done.has(crossing)),
          );
      }
    },
    findings: () => sum,
  };
}

function lastsThrough(minutes: ReadonlySet<number>, minute: number): boolean {
  for (let from = minute - beyondDoubt + 1; from <= minute; from += 1) {
    let all = true;
    for (let i = 0; i < beyondDoubt; i += 1) all &&= minutes.has(from + i);
    if (all) return true;
  }
  return false;
}
