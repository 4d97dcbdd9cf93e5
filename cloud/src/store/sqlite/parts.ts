import type { StationId } from '@siaga/protocol';
import type { StoredReading } from '../../ports.ts';
import { createTails } from '../tail.ts';
import type { Database } from './database.ts';
import { createHotTier } from './hot-tier.ts';
import { createNames, type StationRow } from './names.ts';
import { dayMs } from './run-codec.ts';
import { createSettlements } from './settlements.ts';
import { createStationDays } from './station-days.ts';

/** What the reading store and the judging store share: the tables' memory, and how it is read anew. */
export function createParts(database: Database) {
  const names = createNames(database);
  const settlements = createSettlements(database);
  const hot = createHotTier(database);
  const days = createStationDays(database, { hot, names, settlements });
  const tails = createTails((id) => {
    const station = names.stations.get(id);
    const day = station === undefined ? undefined : days.previousDay(station, 100_000);
    if (station === undefined || day === undefined) return { fromMs: Number.NEGATIVE_INFINITY, readings: [] };
    return { fromMs: day * dayMs, readings: days.readDay(station, day) };
  });
  const latestReadings = new Map<StationId, StoredReading>();
  /** Stations whose mark the judge has not cleared, the longest waiting first. */
  const dirty = new Set<StationRow>();
  /** Stations with changed hours, the longest waiting first. */
  const changed = new Set<StationRow>();

  function fillMarked(): void {
    dirty.clear();
    const marked = [...names.stations.values()].filter(({ dirty: mark }) => mark !== null);
    marked.sort((a, b) => (a.dirty?.mark ?? 0) - (b.dirty?.mark ?? 0));
    for (const station of marked) dirty.add(station);
    changed.clear();
    for (const station of names.stations.values()) if (station.marks.hours.length > 0) changed.add(station);
  }

  fillMarked();
  return {
    database,
    names,
    settlements,
    hot,
    days,
    tails,
    latestReadings,
    dirty,
    changed,
    /** After a rollback memory may hold what the database does not. */
    reload(): void {
      settlements.drop();
      names.reload();
      days.forget();
      tails.clear();
      latestReadings.clear();
      fillMarked();
    },
  };
}
export type Parts = ReturnType<typeof createParts>;
