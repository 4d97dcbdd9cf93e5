import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Calibration } from '@siaga/protocol';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { judge } from '../config/judge.ts';
import type { StoredReading } from '../outbox/outbox.ts';
import { aDraft } from '../testing/builders.ts';
import { CadenceConfig } from './config.ts';
import { openOrderBook } from './order.ts';
import { createPacing } from './pacing.ts';

const log = pino({ level: 'silent' });
const sampling = { intervalS: 60, pings: 7, trigger: 'interval' } as const;
const config = judge(CadenceConfig, { floodWithinMm: 1_200, risingWithinMm: 2_000 }).value as CadenceConfig;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'siaga-pacing-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function open(over: { config?: CadenceConfig | null; calibrations?: Calibration[]; boot?: string } = {}) {
  let nowMs = 1_000_000;
  let seq = 0;
  const did: string[] = [];
  const now = () => ({ ms: Date.UTC(2026, 10, 3) + nowMs, monoMs: nowMs, boot: over.boot ?? 'b1' });
  const orders = await openOrderBook(join(folder, 'cadence.json'), now, log);
  const pacing = createPacing({
    config: over.config === undefined ? config : over.config,
    sampling,
    gauge: 'main',
    calibrations: () => over.calibrations ?? [],
    orders,
    nowMs: () => nowMs,
    setSampling: ({ intervalS }) => did.push(`sample ${intervalS}`),
    release: () => did.push('release'),
    onChange: () => did.push('told'),
    log,
  });
  const read = (distanceMm: number, more: Partial<StoredReading> = {}, urgent = false) => {
    const draft = aDraft({ reading: { distanceMm } });
    const kept = { ...draft, stream: 's', reading: { ...draft.reading, seq: ++seq }, ...more };
    return pacing.stored(kept, urgent).hold;
  };
  const pass = (s: number) => {
    nowMs += s * 1_000;
  };
  return { pacing, read, pass, did };
}
const order = (intervalS: number, forS: number) => ({ v: 1, id: 'x', act: 'cadence', intervalS, forS }) as const;

describe('pacing', () => {
  it('lets the first reading go, holds calm ones for the next report, and releases them without a reading too', async () => {
    const { pacing, read, pass, did } = await open();
    const held: boolean[] = [];
    for (let minute = 0; minute < 11; minute++) {
      held.push(read(3_000));
      pass(60);
    }
    expect(held).toEqual([false, true, true, true, true, false, true, true, true, true, false]);
    read(3_000);
    pass(290);
    pacing.tick();
    expect(did).toEqual(['release']);
    pacing.tick();
    expect(did).toEqual(['release']);
  });

  it('holds nothing that is urgent, suspect or the first of a flood, and samples faster then', async () => {
    const { pacing, read, pass, did } = await open();
    read(3_000);
    pass(60);
    expect(read(3_000, {}, true)).toBe(false);
    pass(60);
    const suspect = aDraft({ reading: { distanceMm: 3_000, flag: 3 } }).reading;
    expect(read(3_000, { reading: { ...suspect, seq: 9 } })).toBe(false);
    pass(60);
    expect(read(3_000)).toBe(true);
    expect(pacing.eventful()).toBe(false);
    pass(60);
    expect(read(1_100)).toBe(false);
    expect(pacing.now()).toEqual({ sampleS: 30, reportS: 60, reason: 'flood' });
    expect(pacing.eventful()).toBe(true);
    expect(did).toEqual(['sample 30', 'release', 'told']);
  });

  it('sends a doubt at once, and one that lasts for days with the reports', async () => {
    const { read, pass } = await open();
    const flat = (test: 'flat-line' | 'spike') => {
      pass(60);
      const { reading } = aDraft({ reading: { distanceMm: 3_000, flag: 3, test } });
      return read(3_000, { reading: { ...reading, seq: 9 } });
    };
    read(3_000);
    expect([flat('flat-line'), flat('flat-line'), flat('flat-line')]).toEqual([false, true, true]);
    expect([flat('spike'), flat('flat-line')]).toEqual([false, false]);
    pass(60);
    expect(read(3_000)).toBe(true);
    expect(flat('flat-line')).toBe(false);
  });

  it('is not moved by a plate under the sensor, nor by another gauge', async () => {
    const { pacing, read } = await open();
    read(500, { maintenance: true });
    read(500, { gauge: 'second' });
    expect(pacing.now().reason).toBe('calm');
    read(500);
    expect(pacing.now().reason).toBe('flood');
  });

  it('reckons the stage by the calibration that is valid then', async () => {
    const staged = judge(CadenceConfig, { floodStageMm: 3_000 }).value as CadenceConfig;
    const calibration = (validFrom: string, sensorElevationMm: number): Calibration => ({
      gauge: 'main',
      validFrom,
      sensorElevationMm,
      faceOffsetMm: 0,
    });
    const of = async (distanceMm: number) => {
      const { pacing, read } = await open({
        config: staged,
        calibrations: [
          calibration('2012-01-01T00:00:00Z', 5_000),
          calibration('2010-01-01T00:00:00Z', 9_000),
          calibration('2020-01-01T00:00:00Z', 9_000),
        ],
      });
      read(distanceMm);
      return pacing.now().reason;
    };
    expect([await of(2_001), await of(2_000)]).toEqual(['calm', 'flood']);
  });

  it('obeys the platform over a restart until the order ends, and tells each change', async () => {
    const one = await open();
    expect(await one.pacing.order(order(60, 600))).toBeNull();
    expect(one.pacing.now()).toEqual({ sampleS: 60, reportS: 60, reason: 'command' });
    expect(one.did).toEqual(['told']);
    const two = await open();
    expect(two.pacing.now().reason).toBe('command');
    two.pass(601);
    two.pacing.tick();
    expect(two.pacing.now()).toEqual({ sampleS: 60, reportS: 300, reason: 'calm' });
  });

  it('without a section reports each reading, and an order can only make it faster, within reason', async () => {
    const { pacing, read, pass, did } = await open({ config: null });
    expect([read(3_000), read(3_000)]).toEqual([false, false]);
    expect(pacing.now()).toEqual({ sampleS: 60, reportS: 60, reason: 'configured' });
    await pacing.order(order(3_600, 86_400));
    expect(pacing.now().reason).toBe('configured');
    await pacing.order(order(1, 60));
    expect(pacing.now()).toEqual({ sampleS: 10, reportS: 10, reason: 'command' });
    pass(61);
    pacing.tick();
    expect(pacing.now().reason).toBe('configured');
    expect(did.filter((what) => what.startsWith('sample'))).toEqual(['sample 10', 'sample 60']);
  });
});
