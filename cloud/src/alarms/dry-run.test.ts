import type { Reading } from '@siaga/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { catalogueFrom } from '../fleet/testing.ts';
import { openMemory, type Stores } from '../store/index.ts';
import { difference, dryRun } from './dry-run.ts';
import { reportDryRun, reportLines } from './dry-run-report.ts';

const fromMs = Date.UTC(2026, 0, 10);
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const catalogue = catalogueFrom();

let stores: Stores;
beforeEach(() => {
  stores = openMemory();
});
afterEach(() => stores.close());

/** One reading a minute at katulampa, whose sensor hangs at 4500 mm; taken at once unless told otherwise. */
async function water(stageMmAt: (minute: number) => number, minutes: number, receivedAtMs?: number, firstMinute = 0) {
  const readings = Array.from({ length: minutes }, (_, i): Reading => {
    const minute = firstMinute + i;
    return {
      seq: minute + 1,
      observedAtMs: fromMs + minute * minuteMs,
      distanceMm: 4500 - Math.round(stageMmAt(minute)),
      echo: 'seen',
      spreadMm: 3,
      validPercent: 100,
      temperatureDeciC: null,
      flag: 1,
      test: 'none',
      clock: 'synced',
    };
  });
  const common = { stream: 'aaaaaaaaaaaaaaaa', boot: 'b', rev: 0, gauge: 'main', intervalS: 60, maintenance: false };
  const batchOf = (some: Reading[], at: number) => ({
    station: 'katulampa',
    receivedAtMs: at,
    batch: { ...common, readings: some, lost: [] },
  });
  await stores.readings.append(
    receivedAtMs === undefined
      ? readings.map((reading) => batchOf([reading], reading.observedAtMs + 500))
      : [batchOf(readings, receivedAtMs)],
  );
}

/** Up to `peakMm` and down again within two hours, from 500 mm. */
const wave = (peakMm: number) => (minute: number) => 500 + (peakMm - 500) * Math.max(0, 1 - Math.abs(minute - 60) / 60);
const options = (toMs: number) => ({ catalogue, readings: stores.readings, scratch: openMemory, fromMs, toMs });

describe('dry run', () => {
  it('raises what the rules would have raised, and leaves no trace', async () => {
    await water(wave(1700), 240);
    const run = await dryRun(options(fromMs + 6 * hourMs), {});
    expect(run.readings).toBe(240);
    const [level] = run.alarms.filter(({ rule }) => rule === 'level');
    expect(level).toMatchObject({ station: 'katulampa', priority: 'medium', key: 'level/katulampa' });
    expect((level?.knownAtMs ?? 0) - fromMs).toBeLessThan(20 * minuteMs);
    expect((level?.returnedAtMs ?? 0) - fromMs).toBeGreaterThan(2 * hourMs);
    // The readings end after four hours.
    expect(run.alarms.filter(({ rule }) => rule === 'silence')).toHaveLength(1);
    expect(run.chattering).toEqual([]);
    expect(await stores.state.journal({ kind: 'alarm-transition' })).toEqual([]);
  });

  it('takes readings in the order in which they came: a wave that came late is no present alarm', async () => {
    await water(() => 500, 30);
    await water(wave(1700), 120, fromMs + 170 * minuteMs, 30);
    await water(() => 500, 60, undefined, 171);
    const run = await dryRun(options(fromMs + 4 * hourMs), {});
    expect(run.late).toBeGreaterThan(100);
    expect(run.alarms.filter(({ rule }) => rule === 'level')).toEqual([]);
    expect(run.alarms.filter(({ rule }) => rule === 'learnt-late')).toMatchObject([{ priority: 'medium' }]);
  });

  it('tells what another setting would have done otherwise', async () => {
    await water(wave(1400), 240);
    const toMs = fromMs + 6 * hourMs;
    const inForce = await dryRun(options(toMs), {});
    const proposed = await dryRun(options(toMs), {
      rules: { rate: { limitMmPer10Min: 100 }, silence: { on: false } },
    });
    const differs = difference(inForce, proposed);
    expect(differs.more.map(({ rule }) => rule)).toContain('rate');
    expect(differs.fewer.map(({ rule }) => rule)).toEqual(['silence']);
    expect(difference(inForce, inForce)).toEqual({ more: [], fewer: [], otherPriority: [] });
  });

  it('is reported with counts, what it assumes, and what it cannot know', async () => {
    await water(wave(1700), 240);
    const report = await reportDryRun(options(fromMs + 6 * hourMs), { rules: { silence: { on: false } } });
    expect(report.inForce.byRule).toMatchObject({ level: 1, silence: 1 });
    expect(report.proposed?.byRule).not.toHaveProperty('silence');
    expect(report.inForce.byDay).toEqual({ '2026-01-10': report.inForce.alarms });
    expect(report.notReplayed).toEqual(['pump-stopped', 'agent', 'platform', 'channel', 'duty', 'heartbeat']);
    const lines = reportLines(report).join('\n');
    expect(lines).toContain('fewer (1):');
    expect(lines).toContain('Katulampa silent');
  });
});
