import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { noise, prngOf } from '@siaga/simulator';
import { type TestContext, test } from 'vitest';
import { getReadings } from '../harness/api.ts';
import { temporaryFolder } from '../harness/folders.ts';
import { lacks, recordPath } from '../harness/needs.ts';
import { startProgram } from '../harness/programs.ts';

/*
 * Recorded gauges, replayed by the simulator's program through a tty and a real agent into a real platform.
 * The program gives its own verdict; here the record is read once more and compared with what the API serves.
 */

type Row = { readonly atMs: number; readonly stageMm: number };

const station = 'catatan';
const toleranceMm = 10;
/** A row each 10 ms, for records at 15 min. */
const speed = '90000';

test.concurrent('the whole record of the Calder at Mytholmroyd comes back in its own times', async (ctx) => {
  const file = 'calder-mytholmroyd.csv';
  ctx.skip(lacks.record(file) !== undefined, lacks.record(file));
  await expectRecordBack(ctx, file, recordPath(file));
});

test.concurrent('the first 2,000 rows of the Dargle at Powerscourt come back in their own times', async (ctx) => {
  const file = 'dargle-powerscourt.csv';
  ctx.skip(lacks.record(file) !== undefined, lacks.record(file));
  await expectRecordBack(ctx, file, recordPath(file), 2_000);
});

test.concurrent('a made-up record comes back: negative stages, gaps, a step, milliseconds in its times', async (ctx) => {
  const { path, remove } = temporaryFolder('record');
  ctx.onTestFinished(remove);
  const file = join(path, 'made-up.csv');
  writeFileSync(file, madeUpRecord());
  await expectRecordBack(ctx, 'made up', file);
});

/** Replays, compares, prints one line. */
async function expectRecordBack(
  { expect, onTestFinished }: TestContext,
  name: string,
  file: string,
  first?: number,
): Promise<void> {
  const rows = readRows(file).slice(0, first);
  expect(rows.length).toBeGreaterThan(100);
  const only = first === undefined ? [] : ['--rows', String(first)];
  const replay = startProgram('siaga-sim', [
    'replay',
    file,
    '--station',
    station,
    '--speed',
    speed,
    '--json',
    '--stay',
    ...only,
  ]);
  onTestFinished(async () => void (await replay.stop()));
  const verdict = await replay.line((line) => 'ok' in line);
  expect(verdict).toMatchObject({
    rows: rows.length,
    readings: rows.length,
    missing: 0,
    twice: 0,
    foreign: 0,
    off: 0,
    ok: true,
  });

  const [from, to] = [rows[0]?.atMs ?? 0, (rows.at(-1)?.atMs ?? 0) + 1].map((ms) => new Date(ms).toISOString());
  const served = await getReadings(String(verdict.httpUrl), station, from as string, to as string);
  expect(served.map(({ observedAtMs }) => observedAtMs)).toEqual(rows.map(({ atMs }) => atMs));
  const off = served.map(({ stageMm }, i) => Math.abs((stageMm ?? Number.NaN) - (rows[i]?.stageMm ?? Number.NaN)));
  expect(off.every((mm) => mm <= toleranceMm)).toBe(true);
  expect(await replay.stop()).toBe(0);
  console.log(
    `records: ${name}: ${rows.length} rows, ${served.length} readings in the file's own times, at most ${Math.max(...off)} mm off`,
  );
}

function readRows(file: string): Row[] {
  const [, ...lines] = readFileSync(file, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [time, stage] = line.split(',');
    return { atMs: Date.parse(time as string), stageMm: Math.round(Number(stage) * 1000) };
  });
}

/** Four days at 15 min: a tide through zero with noise, a flood, three gaps, a step as from work on the gauge. */
function madeUpRecord(): string {
  const chance = prngOf('made-up record');
  const ripple = noise(4, 'made-up record');
  const startMs = Date.UTC(2023, 11, 30, 12, 15);
  const missing = new Set([20, 21, 22, 100, ...Array.from({ length: 40 }, (_, i) => 250 + i)]);
  const lines = Array.from({ length: 384 }, (_, i) => {
    const tideMm = 180 * Math.sin((2 * Math.PI * i) / 50);
    const floodMm = 1_400 * Math.exp(-(((i - 200) / 18) ** 2));
    const stepMm = i > 330 ? 469 : 0;
    const stageMm = Math.round(ripple.sample?.(tideMm + floodMm + stepMm - 60, i) ?? 0);
    const lateMs = chance.below(10) === 0 ? 1_500 : 0;
    return `${new Date(startMs + i * 900_000 + lateMs).toISOString()},${stageMm / 1000}`;
  }).filter((_, i) => !missing.has(i));
  return `time_utc,stage_m\n${lines.join('\n')}\n`;
}
