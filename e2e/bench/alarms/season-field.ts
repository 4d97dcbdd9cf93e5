/** The field of a simulated season: what each station's sensor says of the water, and when it comes through. */

import type { IncomingBatch } from '@siaga/cloud';
import type { Reading } from '@siaga/protocol';
import { type Prng, prngOf } from '@siaga/simulator';
import { blankingMm, type NetworkStation } from './network.ts';
import { noiseMm, type StationWater } from './season-water.ts';

/** A reading with what the bench knows of it: whether it says truly what the water did. */
export type FieldReading = { readonly reading: Reading; readonly maintenance: boolean; readonly isTrue: boolean };

/** What happens to a station in [fromMin, toMin). */
type Spell = {
  readonly kind: 'flat' | 'dead' | 'jump' | 'maintenance' | 'outage';
  readonly fromMin: number;
  readonly toMin: number;
};

export type FieldStation = {
  /** Takes the reading of this minute; returns what comes through now, in the order of arrival. */
  minute(minute: number): readonly FieldReading[];
};

/** How often each begins (mean minutes between), and how long it lasts. */
const spells = {
  flat: { everyMin: 9000, leastMin: 120, mostMin: 360 },
  dead: { everyMin: 7000, leastMin: 20, mostMin: 480 },
  jump: { everyMin: 6000, leastMin: 3, mostMin: 90 },
  maintenance: { everyMin: 9000, leastMin: 30, mostMin: 150 },
  outage: { everyMin: 2000, leastMin: 8, mostMin: 480 },
} as const;

const spikeShare = 1 / 600;
/** Readings a message; how many messages come through in a minute after an outage. */
const chunk = 120;
const chunksPerMinute = 2;

export function fieldStation(
  station: NetworkStation,
  water: StationWater,
  { seed, originMs, phaseMs }: { seed: string; originMs: number; phaseMs: number },
): FieldStation {
  const chance = prngOf(`${seed}/field/${station.id}`);
  const lasting = spellsOf(prngOf(`${seed}/spells/${station.id}`), water.stageMm.length);
  let seq = 0;
  let stuckMm: number | null = null;
  let queue: FieldReading[] = [];
  let draining: FieldReading[][] = [];

  function take(minute: number, active: ReadonlySet<Spell['kind']>): FieldReading {
    seq += 1;
    const base = {
      seq,
      observedAtMs: originMs + minute * 60_000 + phaseMs,
      spreadMm: noiseMm,
      validPercent: 100,
      temperatureDeciC: null,
      test: 'none',
      clock: 'synced',
    } as const;
    const trueMm = water.stageMm[minute] as number;
    const seenMm = Math.round(trueMm + noiseMm * chance.normal());
    const spike = chance.next() < spikeShare;
    const of = (reading: Partial<Reading> & Pick<Reading, 'distanceMm'>, isTrue: boolean): FieldReading => ({
      reading: { ...base, echo: 'seen', flag: 1, ...reading },
      maintenance: active.has('maintenance'),
      isTrue: isTrue && !active.has('maintenance'),
    });
    const distanceOf = (stageMm: number) => station.sensorElevationMm - stageMm;
    if (!active.has('flat')) stuckMm = null;
    if (active.has('dead')) return of({ distanceMm: null, echo: 'dead', flag: 9, test: 'gap' }, false);
    if (active.has('maintenance')) return of({ distanceMm: blankingMm + chance.below(1000) }, false);
    if (active.has('jump')) return of({ distanceMm: blankingMm, echo: 'blanking', flag: 3 }, false);
    if (active.has('flat')) {
      stuckMm ??= seenMm;
      return of({ distanceMm: distanceOf(stuckMm), flag: 3, test: 'flat-line' }, false);
    }
    if (distanceOf(trueMm) <= blankingMm) return of({ distanceMm: blankingMm, echo: 'blanking', flag: 3 }, true);
    if (spike) {
      const leapMm = (300 + chance.below(1200)) * (chance.next() < 0.7 ? 1 : -1);
      const distanceMm = Math.max(blankingMm + 1, distanceOf(seenMm + leapMm));
      return of({ distanceMm, flag: chance.next() < 0.5 ? 1 : 3 }, false);
    }
    return of({ distanceMm: distanceOf(seenMm) }, true);
  }

  return {
    minute(minute) {
      const active = new Set(
        lasting.filter(({ fromMin, toMin }) => fromMin <= minute && minute < toMin).map(({ kind }) => kind),
      );
      const reading = take(minute, active);
      if (active.has('outage')) {
        queue.push(reading);
        return [];
      }
      if (queue.length > 0) {
        draining.push(...chunked(queue, chance));
        queue = [];
      }
      const late = draining.slice(0, chunksPerMinute).flat();
      draining = draining.slice(chunksPerMinute);
      // The live reading overtakes the backlog.
      return chance.next() < 0.5 ? [...late, reading] : [reading, ...late];
    },
  };
}

/** A backlog in messages: most in order, some with the newest first or in any order. */
function chunked(queue: readonly FieldReading[], chance: Prng): FieldReading[][] {
  const chunks = Array.from({ length: Math.ceil(queue.length / chunk) }, (_, i) =>
    queue.slice(i * chunk, (i + 1) * chunk),
  );
  const manner = chance.below(4);
  if (manner === 2) return chunks.reverse();
  if (manner === 3)
    return chunks
      .map((each) => ({ each, by: chance.next() }))
      .sort((a, b) => a.by - b.by)
      .map(({ each }) => each);
  return chunks;
}

function spellsOf(chance: Prng, minutes: number): Spell[] {
  return Object.entries(spells).flatMap(([kind, { everyMin, leastMin, mostMin }]) => {
    const found: Spell[] = [];
    for (let from = chance.below(everyMin); from < minutes; ) {
      const lasts = leastMin + chance.below(mostMin - leastMin);
      found.push({ kind: kind as Spell['kind'], fromMin: from, toMin: from + lasts });
      from += lasts + everyMin / 4 + chance.below(everyMin * 1.5);
    }
    return found;
  });
}

/** Messages of some readings, as the device would send them: consecutive numbers, one state of maintenance. */
export function messagesOf(
  station: string,
  stream: string,
  readings: readonly FieldReading[],
  receivedAtMs: number,
): IncomingBatch[] {
  const batches: { maintenance: boolean; readings: Reading[] }[] = [];
  for (const { reading, maintenance } of readings) {
    const last = batches.at(-1);
    const follows = last?.maintenance === maintenance && (last.readings.at(-1) as Reading).seq + 1 === reading.seq;
    if (last !== undefined && follows) last.readings.push(reading);
    else batches.push({ maintenance, readings: [reading] });
  }
  return batches.map((batch) => ({
    station,
    receivedAtMs,
    batch: { stream, boot: 'b-1', rev: 0, gauge: 'main', intervalS: 60, lost: [], ...batch },
  }));
}
