import type { Change, Clock, StationId, StationLevel, StationValue } from '@siaga/protocol';
import {
  foldReading,
  type JudgedStation,
  levelOf,
  recalibrated,
  rejudge,
  type Site,
  sameLevel,
  unjudged,
} from '../domain/level.ts';
import { maxAheadMs } from '../domain/presence.ts';
import { trendSpanMs } from '../domain/trend.ts';
import { type Catalogue, type CatalogueStation, siteAt } from '../fleet/catalogue.ts';
import type { DirtyMark, Judgement, JudgingStore, StoredReading } from '../ports.ts';
import { asReceived, presentOrder } from './present.ts';
import { stationValue } from './values.ts';

/** What a run made known: numbered changes, and the newest value of each station that got one. */
export type Judged = {
  readonly changes: readonly Change[];
  readonly values: readonly { readonly id: StationId; readonly value: StationValue }[];
};

/** A station as it is known now. */
export type Known = {
  readonly judged: JudgedStation;
  readonly level: StationLevel;
  readonly value: StationValue | null;
};

export type Judge = {
  /** Takes the lease and judges every station by the catalogue of today. Once, before anything else. */
  start(): Promise<Judged>;
  /** Folds what is new of the dirty stations, until none is left. */
  run(): Promise<Judged>;
  /**
   * The newest reading of its stream has come from a device whose clock is not set: the next run takes it at the time of
   * its receipt, whatever time it bears. To be told after it was stored.
   */
  heard(reading: StoredReading): void;
  /** A station's calibrations are others now: judges its present by them. */
  recalibrate(before: CatalogueStation, now: CatalogueStation): Promise<Judged>;
  /** Judges by the clock: silence, and thresholds whose validity begins or ends, are news too. */
  sweep(): Promise<Judged>;
  /** Every station of the catalogue, as last judged. Complete after `start`. */
  known(): ReadonlyMap<StationId, Known>;
};

export type JudgeOptions = {
  readonly store: JudgingStore;
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  readonly shard?: string;
  /** Until when a technician has declared work at a station; null where nobody has. */
  readonly maintenanceUntilMs?: (station: StationId) => number | null;
  /** Called after each commit, before the next one begins: a long backlog is made known piece by piece. */
  readonly onJudged?: (judged: Judged) => void;
  /** Most readings and most stations folded between two turns of the event loop. */
  readonly readingsPerTurn?: number;
  readonly stationsPerTurn?: number;
};

/** What a turn gathers for its commit. */
type Turn = { judgements: Judgement[]; cleared: DirtyMark[]; values: { id: StationId; value: StationValue }[] };

/**
 * The judge of one shard: the only writer of judged states and changes, in order. `run`, `sweep` and `start`
 * may be called at any time; they follow one another. Work is linear in the readings that are new, and cut
 * in turns, each a transaction of its own. Rejects with `lease-lost` when another judge has taken over.
 */
export function createJudge(options: JudgeOptions): Judge {
  const { store, catalogue, clock, shard = 'all', onJudged = () => {} } = options;
  const { readingsPerTurn = 2000, stationsPerTurn = 200, maintenanceUntilMs = () => null } = options;
  const known = new Map<StationId, Known>();
  /** Readings without a sure time that wait for their station's turn. */
  const uncertain = new Map<StationId, StoredReading>();
  let fence = 0;
  let last: Promise<unknown> = Promise.resolve();

  /** One after the other: a sweep never judges from a state that a run is about to replace. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = last.then(work);
    last = next.catch(() => {});
    return next;
  }

  function siteOf(station: CatalogueStation, nowMs: number): Site {
    return { ...siteAt(station, nowMs), maintenanceUntilMs: maintenanceUntilMs(station.id) };
  }

  /** The judged state as a judgement; `changed` when its level differs from what was last made known. */
  function judgementOf(station: CatalogueStation, judged: JudgedStation, nowMs: number): Judgement {
    const before = known.get(station.id);
    const level = levelOf(judged, siteOf(station, nowMs), nowMs);
    return { station: station.id, judged, level, changed: before === undefined || !sameLevel(before.level, level) };
  }

  /** Folds up to `limit` new readings of one station; returns how many there were. */
  async function fold(station: CatalogueStation, mark: DirtyMark, limit: number, turn: Turn): Promise<number> {
    const site = siteOf(station, clock.now());
    const before = openToCorrection(known.get(station.id)?.judged ?? unjudged);
    // What is older than the mark was looked at before.
    const afterMs = Math.max(before.observedAtMs ?? -1, mark.fromMs - 1);
    const newer = await store.newer(station.id, site.gauge, afterMs, limit);
    if (newer.length < limit) turn.cleared.push(mark);
    const unsure = takeUncertain(station, newer);
    const readings = [...newer, ...unsure];
    if (readings.length === 0) return 0;
    const judged = presentOrder(readings).reduce((state, reading) => foldReading(state, reading, site), before);
    turn.judgements.push(judgementOf(station, judged, clock.now()));
    const recent = await store.recent(station.id, site.gauge, trendSpanMs);
    const value = stationValue(unsure.length > 0 ? unsure : recent, station.calibrations);
    if (value !== null) turn.values.push({ id: station.id, value });
    return readings.length;
  }

  /** The reading that waits for this turn, at the time of its receipt, unless a newer one with a sure time came. */
  function takeUncertain(station: CatalogueStation, newer: readonly StoredReading[]): StoredReading[] {
    const reading = uncertain.get(station.id);
    uncertain.delete(station.id);
    if (reading === undefined || reading.gauge !== station.gauges[0].id) return [];
    const isOvertaken = newer.some(
      ({ clock: state, observedAtMs }) => state !== 'unsynced' && observedAtMs >= reading.receivedAtMs - maxAheadMs,
    );
    return isOvertaken ? [] : [asReceived(reading)];
  }

  async function commit({ judgements, cleared, values }: Turn): Promise<Judged> {
    if (judgements.length + cleared.length === 0) return { changes: [], values: [] };
    const changes = await store.commit({ shard, fence, knownAtMs: clock.now(), judgements, cleared });
    for (const { station, judged, level } of judgements)
      known.set(station, { judged, level, value: known.get(station)?.value ?? null });
    for (const { id, value } of values) {
      const now = known.get(id);
      if (now !== undefined) known.set(id, { ...now, value });
    }
    const judged = { changes, values };
    if (changes.length + values.length > 0) onJudged(judged);
    return judged;
  }

  /** One turn over the dirty stations; false when there was none. */
  async function runTurn(sum: Gathered): Promise<boolean> {
    const marks = await store.dirty(stationsPerTurn);
    const turn: Turn = { judgements: [], cleared: [], values: [] };
    let left = readingsPerTurn;
    for (const mark of marks) {
      const station = catalogue.station(mark.station);
      // A station that left the catalogue is judged no more; its readings stay.
      if (station === undefined) turn.cleared.push(mark);
      else left -= await fold(station, mark, Math.max(left, 1), turn);
      if (left <= 0) break;
    }
    sum.add(await commit(turn));
    return marks.length > 0;
  }

  async function judgeAll(): Promise<Judged> {
    const sum = gathered();
    for (const stations of chunks(catalogue.stations, stationsPerTurn)) {
      const nowMs = clock.now();
      const judgements = stations.flatMap((station) => {
        const before = known.get(station.id);
        const state = before?.judged ?? unjudged;
        const judged = rejudge(state, siteOf(station, nowMs));
        const judgement = judgementOf(station, judged, nowMs);
        return judgement.changed || judged !== state ? [judgement] : [];
      });
      sum.add(await commit({ judgements, cleared: [], values: [] }));
      await nextTurn();
    }
    return sum;
  }

  return {
    start: () =>
      inTurn(async () => {
        fence = await store.takeLease(shard);
        const kept = await store.judged();
        for (const station of catalogue.stations) {
          const before = kept.get(station.id);
          if (before === undefined) continue;
          const recent = await store.recent(station.id, station.gauges[0].id, trendSpanMs);
          const value = stationValue(recent, station.calibrations);
          known.set(station.id, { ...before, value });
          await nextTurn();
        }
        return judgeAll();
      }),
    run: () =>
      inTurn(async () => {
        const sum = gathered();
        while (await runTurn(sum)) await nextTurn();
        return sum;
      }),
    heard(reading) {
      uncertain.set(reading.station, reading);
    },
    recalibrate: (before, now) =>
      inTurn(async () => {
        const nowMs = clock.now();
        const state = known.get(now.id)?.judged ?? unjudged;
        const shifted = recalibrated(state, before.calibrations, now.calibrations);
        // Without the dead-band: which side the water came from was told by figures that count no more.
        const fresh = rejudge({ ...shifted, severity: null, sinceMs: null }, siteOf(now, nowMs));
        const judged = fresh.severity === state.severity ? { ...fresh, sinceMs: state.sinceMs } : fresh;
        const value = stationValue(await store.recent(now.id, now.gauges[0].id, trendSpanMs), now.calibrations);
        const values = value === null ? [] : [{ id: now.id, value }];
        return commit({ judgements: [judgementOf(now, judged, nowMs)], cleared: [], values });
      }),
    sweep: () => inTurn(judgeAll),
    known: () => known,
  };
}

/**
 * A present that rests on the time of receipt gives way to the same water with its own time, which is a little older:
 * what was corrected is folded as if that receipt had not been.
 */
function openToCorrection(state: JudgedStation): JudgedStation {
  if (state.note !== 'clock-uncertain' || state.observedAtMs === null) return state;
  return { ...state, observedAtMs: state.observedAtMs - maxAheadMs };
}

type Gathered = { changes: Change[]; values: Judged['values'][number][]; add(judged: Judged): void };

/** Adds up the turns of one run: all changes in order, of each station the newest value. */
function gathered(): Gathered {
  const sum: Gathered = {
    changes: [],
    values: [],
    add({ changes, values }) {
      const newer = new Set(values.map(({ id }) => id));
      sum.changes.push(...changes);
      sum.values = [...sum.values.filter(({ id }) => !newer.has(id)), ...values];
    },
  };
  return sum;
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/** Lets the event loop turn: messages are taken and answered between two pieces of work. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
