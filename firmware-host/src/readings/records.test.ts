import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { GaugeConfig } from '../sensors/index.ts';
import { generator } from '../testing/generator.ts';
import { type Chance, spikes, steps, sticks, untouched } from '../testing/injected-faults.ts';
import type { RecordedBurst } from '../testing/judge.ts';
import { madeUpRiver } from '../testing/made-up-river.ts';

/*
 * Flags on whole records and on faults put into them, by the defaults alone. In short here; the bench (edge, flags) does
 * it by the thousand, and on all records.
 */

const gauge: GaugeConfig = { gauge: 'main', port: '/dev/null', sensor: 'maxbotix-hrxl-wr', maxMm: 10_000 };
const quarterHourMs = 900_000;
const tries = 200;

function expectFlags(record: readonly RecordedBurst[], chance: Chance, count = tries): void {
  expect(untouched(record, gauge).flagged / record.length).toBeLessThanOrEqual(0.005);
  for (const inject of [spikes, steps, sticks])
    expect(inject(record, gauge, count, chance).flagged / count).toBeGreaterThanOrEqual(0.99);
}

describe('flags', () => {
  it('on a made-up river each quarter of an hour, one ping a reading', () => {
    const chance = chanceOf(4);
    expectFlags(madeUpRiver({ days: 60, stepMs: quarterHourMs, pings: 1 }, chance), chance);
  });
  it('on a made-up river each minute, seven pings a reading', () => {
    const chance = chanceOf(7);
    expectFlags(madeUpRiver({ days: 6, stepMs: 60_000, pings: 7 }, chance), chance, 20);
  });
  it('find nothing in what hangs before a living sensor: its values are calm water', () => {
    const chance = chanceOf(11);
    const river = madeUpRiver({ days: 10, stepMs: quarterHourMs, pings: 7 }, chance);
    expect(sticks(river, gauge, 20, chance, 2).flagged).toBe(0);
  });
  it.for<[string, number]>([
    ['calder-hebden-bridge.csv', 0],
    ['calder-nutclough.csv', 0],
    ['dargle-powerscourt.csv', Date.UTC(2022, 2, 12)],
  ])('on the record %s', ([file, fromMs], ctx) => {
    const path = join(import.meta.dirname, '../../../../shared/data/gauges', file);
    ctx.skip(!existsSync(path), `records absent: ../shared/data/gauges/${file}`);
    const rows = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','))
      .map(([time, stage]) => ({ atMs: Date.parse(String(time)), stageMm: Math.round(Number(stage) * 1_000) }))
      .filter(({ atMs }) => atMs >= fromMs);
    const mountedMm = Math.max(...rows.map(({ stageMm }) => stageMm)) + 1_800;
    expectFlags(
      rows.map(({ atMs, stageMm }) => ({ atMs, pingsMm: [mountedMm - stageMm] })),
      chanceOf(2014),
    );
  });
});

function chanceOf(seed: number): Chance {
  const next = generator(seed);
  return { next, below: (below) => Math.floor(next() * below) };
}
