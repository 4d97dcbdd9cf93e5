/**
 * How the edge's tests do on a record: what they flag of it untouched, and what of faults that are put into it at
 * random places. Each fault is judged in a copy of the record's rows around it, by a gauge that has read the
 * rows before.
 */
import type { GaugeConfig } from '../sensors/index.ts';
import { createJudge, type JudgedBurst, type RecordedBurst } from './judge.ts';

export type Chance = { next(): number; below(below: number): number };

/** How many of `tried` were flagged. */
export type Share = { readonly tried: number; readonly flagged: number };

const warmUp = 8;
const hourMs = 3_600_000;
const suspect = ({ flag }: JudgedBurst) => flag === 3 || flag === 4;

/** Rows flagged 3 or 4 of a record as it is. */
export function untouched(record: readonly RecordedBurst[], config: GaugeConfig): Share {
  const judge = createJudge(config);
  return { tried: record.length, flagged: record.map(judge).filter(suspect).length };
}

/** One row off by 0.2 to 1 m; found when that row is flagged. */
export function spikes(record: readonly RecordedBurst[], config: GaugeConfig, tries: number, chance: Chance): Share {
  return share(tries, () => {
    const at = warmUp + chance.below(record.length - warmUp);
    const offMm = signed(200 + chance.below(801), chance);
    return judged(record, config, at, at + 1, (row) => moved(row, offMm)).some(suspect);
  });
}

/** All rows from one on off by 0.4 to 1.2 m, as if the sensor had slipped; found when one of the first two is flagged. */
export function steps(record: readonly RecordedBurst[], config: GaugeConfig, tries: number, chance: Chance): Share {
  return share(tries, () => {
    const at = warmUp + chance.below(record.length - warmUp - 1);
    const offMm = signed(400 + chance.below(801), chance);
    return judged(record, config, at, at + 2, (row) => moved(row, offMm)).some(suspect);
  });
}

/**
 * A burst repeated for 24 to 72 h; found when a row of it is flagged as flat. `scatterMm`: each repetition is off by up
 * to this, as of an object that hangs before a living sensor.
 */
export function sticks(
  record: readonly RecordedBurst[],
  config: GaugeConfig,
  tries: number,
  chance: Chance,
  scatterMm = 0,
): Share {
  const lastMs = record.at(-1)?.atMs ?? 0;
  const places = record.findLastIndex(({ atMs }) => atMs + 72 * hourMs <= lastMs);
  if (places <= warmUp) throw new Error('the record is too short for a stick of three days');
  return share(tries, () => {
    const at = warmUp + chance.below(places - warmUp);
    const stuck = record[at] as RecordedBurst;
    const endMs = stuck.atMs + (24 + 48 * chance.next()) * hourMs;
    const beyond = record.findIndex(({ atMs }, i) => i > at && atMs > endMs);
    const repeated = ({ atMs }: RecordedBurst) => ({
      ...moved(stuck, chance.below(2 * scatterMm + 1) - scatterMm),
      atMs,
    });
    return judged(record, config, at, beyond, repeated).some(({ test }) => test === 'flat-line');
  });
}

/** What the rows from `from` to before `to` are flagged once they are spoilt. */
function judged(
  record: readonly RecordedBurst[],
  config: GaugeConfig,
  from: number,
  to: number,
  spoil: (row: RecordedBurst) => RecordedBurst,
): JudgedBurst[] {
  const judge = createJudge(config);
  for (const row of record.slice(from - warmUp, from)) judge(row);
  return record.slice(from, to).map((row) => judge(spoil(row)));
}

function share(tries: number, found: () => boolean): Share {
  return { tried: tries, flagged: Array.from({ length: tries }, found).filter(Boolean).length };
}

function moved({ atMs, pingsMm }: RecordedBurst, byMm: number): RecordedBurst {
  return { atMs, pingsMm: pingsMm.map((mm) => mm + byMm) };
}

function signed(mm: number, chance: Chance): number {
  return chance.next() < 0.5 ? -mm : mm;
}
