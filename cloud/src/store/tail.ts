import type { StationId } from '@siaga/protocol';
import type { StoredReading } from '../ports.ts';
import { byTime } from './reading-order.ts';

/** What judging looks at again and again: the half hour of a trend, with room to spare. */
const keptMs = 35 * 60_000;
const minKept = 32;
/** A reading a second for that long. */
const maxKept = 2100;

/** The newest readings of a station in order of time: all that are stored from `fromMs` on. */
export type Tail = { readonly fromMs: number; readonly readings: readonly StoredReading[] };

type Kept = { fromMs: number; readings: StoredReading[] };

/**
 * The newest readings of each station in memory, so that the judge need not read its day from disk for
 * every reading that comes. A tail is filled by `load` when first asked for, and dropped when a correction
 * makes it doubtful.
 */
export function createTails(load: (station: StationId) => Tail) {
  const tails = new Map<StationId, Kept>();
  return {
    of(station: StationId): Tail {
      let kept = tails.get(station);
      if (kept === undefined) {
        const { fromMs, readings } = load(station);
        kept = { fromMs, readings: [...readings] };
        trim(kept);
        tails.set(station, kept);
      }
      return kept;
    },
    /** The tail if it is in memory already. */
    known(station: StationId): Tail | undefined {
      return tails.get(station);
    },
    /** Adds a committed reading of revision 0. */
    add(reading: StoredReading): void {
      const kept = tails.get(reading.station);
      if (kept === undefined || reading.observedAtMs < kept.fromMs) return;
      insert(kept.readings, reading);
      if (kept.readings.length > minKept) trim(kept);
    },
    forget(station: StationId): void {
      tails.delete(station);
    },
    clear(): void {
      tails.clear();
    },
  };
}

function insert(readings: StoredReading[], reading: StoredReading): void {
  let at = readings.length;
  while (at > 0 && byTime(readings[at - 1] as StoredReading, reading) > 0) at -= 1;
  if (at === readings.length) readings.push(reading);
  else readings.splice(at, 0, reading);
}

/** Drops the oldest; all of one instant go together, so that what is kept is complete from `fromMs` on. */
function trim(kept: Kept): void {
  const { readings } = kept;
  const newest = readings.at(-1);
  if (newest === undefined) return;
  const tooOld = (reading: StoredReading) => reading.observedAtMs < newest.observedAtMs - keptMs;
  let drop = Math.max(0, readings.length - maxKept);
  while (readings.length - drop > minKept && tooOld(readings[drop] as StoredReading)) drop += 1;
  if (drop === 0) return;
  const droppedAtMs = (readings[drop - 1] as StoredReading).observedAtMs;
  while (readings[drop]?.observedAtMs === droppedAtMs) drop += 1;
  readings.splice(0, drop);
  kept.fromMs = droppedAtMs + 1;
}
