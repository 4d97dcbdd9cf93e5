/** Made-up records for the tests of history: messages of one station, and what history makes of them. */
import type { Reading } from '@siaga/protocol';
import fc from 'fast-check';
import type { HistoryStore, IncomingBatch } from '../../ports.ts';
import { incoming, minuteMs, noonMs, reading, streamA, streamB } from '../../store/testing.ts';
import type { History } from '../history.ts';

/** Height of the sensor in the test catalogue; its limits are at 810, 1510 and 2010 mm, its dead-band 50. */
const sensorElevationMm = 4500;

export function atStage(seq: number, minutes: number, stageMm: number, differs: Partial<Reading> = {}): Reading {
  return reading(seq, {
    observedAtMs: noonMs + minutes * minuteMs,
    distanceMm: sensorElevationMm - stageMm,
    ...differs,
  });
}

/** A step of the water: how many readings at which stage and interval, and what is odd about them. */
const stretch = fc.record({
  count: fc.integer({ min: 1, max: 9 }),
  stageMm: fc.oneof(
    fc.constantFrom(700, 755, 759, 760, 761, 809, 810, 811, 1459, 1460, 1510, 1959, 2010, 2500),
    fc.integer({ min: 0, max: 2600 }),
  ),
  stepMin: fc.constantFrom(1, 3, 10, 29, 31, 60, 300),
  odd: fc.constantFrom('no', 'no', 'no', 'no', 'suspect', 'bad', 'silent', 'blanking', 'maintenance', 'second'),
});

type Oddity = 'no' | 'suspect' | 'bad' | 'silent' | 'blanking' | 'maintenance' | 'second';

function oddReading(one: Reading, odd: Oddity): Reading {
  if (odd === 'suspect') return { ...one, flag: 3, test: 'spike' };
  if (odd === 'bad') return { ...one, flag: 4, test: 'gross-range' };
  if (odd === 'silent') return { ...one, flag: 9, test: 'gap', echo: 'none', distanceMm: null };
  return odd === 'blanking' ? { ...one, echo: 'blanking' } : one;
}

/** Messages in order of time, some of them corrections; of two streams, as after a swapped card. */
export const record = fc
  .record({
    stretches: fc.array(stretch, { minLength: 2, maxLength: 14 }),
    corrected: fc.array(
      fc.tuple(fc.nat(60), fc.integer({ min: -4000, max: 4000 }), fc.integer({ min: 0, max: 2600 })),
      {
        maxLength: 4,
      },
    ),
    swapAt: fc.nat(60),
  })
  .map(({ stretches, corrected, swapAt }): IncomingBatch[] => {
    const messages: IncomingBatch[] = [];
    let minutes = 0;
    let seq = 0;
    for (const { count, stageMm, stepMin, odd } of stretches) {
      const stream = seq >= swapAt ? streamB : streamA;
      const readings = Array.from({ length: count }, () => {
        minutes += stepMin;
        seq += 1;
        return oddReading(atStage(seq, minutes, stageMm), odd);
      });
      messages.push(
        incoming(readings, {
          stream,
          maintenance: odd === 'maintenance',
          gauge: odd === 'second' ? 'second' : 'main',
          intervalS: stepMin * 60,
        }),
      );
    }
    const corrections = corrected.flatMap(([index, movedMin, stageMm]) => {
      const all = messages.flatMap(({ batch }) => batch.readings.map((each) => ({ each, batch })));
      const found = all[index % all.length];
      if (found === undefined) return [];
      const moved = { observedAtMs: found.each.observedAtMs + movedMin * minuteMs };
      const readings = [atStage(found.each.seq, 0, stageMm, moved)];
      const rev = 1 + (index % 3);
      return [incoming(readings, { stream: found.batch.stream, rev, gauge: 'main' })];
    });
    // One correction of a reading and revision: another would be a conflict, and which one wins goes by arrival.
    const names = corrections.map(({ batch }) => `${batch.stream}/${batch.rev}/${batch.readings[0]?.seq}`);
    return [...messages, ...corrections.filter((_, i) => names.indexOf(names[i] as string) === i)];
  });

/** Folds until nothing is left. */
export async function foldAll(history: Pick<History, 'turn'>): Promise<void> {
  while (await history.turn());
}

/** All that history keeps of a station, but when it was known. */
export async function kept(store: HistoryStore, station = 'katulampa'): Promise<string> {
  const episodes = await store.episodes({ station, fromMs: 0, toMs: Number.MAX_SAFE_INTEGER });
  const checkpoints = await store.checkpoints(station, 0, Number.MAX_SAFE_INTEGER);
  const timeless = episodes.map(({ firstKnownAtMs: _, ...episode }) => episode);
  return JSON.stringify({ episodes: timeless, checkpoints }, null, 1);
}
