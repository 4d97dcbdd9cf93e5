import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../testing/builders.ts';
import { buildReading } from './build.ts';
import { qcUnknown } from './qc/fold.ts';
import { qcRulesOf } from './qc/rules.ts';
import { soundFactor } from './sound.ts';
import { openThermometer, parseTemperature } from './thermometer.ts';
import { openThermometers } from './thermometers.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'siaga-thermometer-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the correction of sound', () => {
  const air = (airDeciC: number | null, housingDeciC: number | null = null) => ({ airDeciC, housingDeciC });
  it('at a fixed 340 m/s: +79 mm at 0 °C and −78 mm at 30 °C over 3 m are taken back', () => {
    // A sensor that reckons with 340 m/s reads 3000 · 340 / c(T) over 3 m of air.
    expect(Math.round((3000 + 79) * soundFactor('sound', air(0)))).toBe(3000);
    expect(Math.round((3000 - 78) * soundFactor('sound', air(300)))).toBe(3000);
  });
  it('takes the fixed speed of the settings', () => {
    expect(soundFactor('sound', air(0), { fixedSpeedMps: 331.3 })).toBe(1);
  });
  it('of a sensor that compensates, only the residual of a housing in the sun: 51 mm over 3 m at 10 °C', () => {
    const factor = soundFactor('sound-compensated', air(200), {});
    expect(factor).toBe(1);
    expect(3000 * soundFactor('sound-compensated', air(200, 300)) - 3000).toBeCloseTo(-50, 0);
    expect(soundFactor('sound-compensated', air(200, 200))).toBe(1);
  });
  it('none for radar, none without a thermometer', () => {
    expect(soundFactor('radar', air(300, 100))).toBe(1);
    expect(soundFactor('sound', air(null))).toBe(1);
    expect(soundFactor('sound-compensated', air(null, 300))).toBe(1);
  });
  it('is told in the reading, so that the sensor’s own distance stays known', () => {
    const samples = Array.from({ length: 7 }, () => ({ echo: 'seen', distanceMm: 3079 }) as const);
    const burst = { observedAtMs: 1, monoMs: 1, samples, bytes: 28, badFrames: 0, discardedBytes: 0 };
    const driver = { minMm: 30, maxMm: 4500, blankingMm: 30, medium: 'sound', proof: 'sum' } as const;
    const stamp = { gauge: 'main', boot: 'b', intervalS: 60, maintenance: false, clock: 'synced' } as const;
    const read = (temperatures: { airDeciC: number | null; housingDeciC: number | null }) =>
      buildReading(
        burst,
        { driver, pings: 7, rules: qcRulesOf({}, {}) },
        { state: qcUnknown, air: temperatures },
        stamp,
      ).draft.reading;
    expect(read(air(0))).toMatchObject({ distanceMm: 3000, correctionMm: -79, temperatureDeciC: 0 });
    expect(read(air(null))).toMatchObject({ distanceMm: 3079, temperatureDeciC: null });
    expect(read(air(null))).not.toHaveProperty('correctionMm');
  });
});

describe('a thermometer', () => {
  it('reads what the kernel writes for 1-wire, hwmon and iio', () => {
    expect(parseTemperature('23062\n')).toEqual({ deciC: 231 });
    expect(parseTemperature('-1250\n')).toEqual({ deciC: -12 });
    const slave = (crc: string) => `72 01 4b 46 7f ff 0e 10 57 : crc=57 ${crc}\n72 01 4b 46 7f ff 0e 10 57 t=23125\n`;
    expect(parseTemperature(slave('YES'))).toEqual({ deciC: 231 });
    expect(parseTemperature(slave('NO'))).toMatchObject({ fault: expect.stringContaining('checksum') });
  });
  it('believes no value that no air has, nor what a probe says at power-up', () => {
    expect(parseTemperature('85000\n')).toMatchObject({ fault: expect.stringContaining('power-up') });
    expect(parseTemperature('-127000\n')).toMatchObject({ fault: expect.stringContaining('-127') });
    expect(parseTemperature('23.1\n')).toMatchObject({ fault: expect.stringContaining('thousandths') });
    expect(parseTemperature('')).toMatchObject({ fault: expect.stringContaining('no temperature') });
  });
  it('is asked once a minute, keeps its last value for an hour, and says what ails it', async () => {
    let nowMs = 0;
    let asked = 0;
    let text: string | null = '20000\n';
    const faults: (string | null)[] = [];
    const thermometer = openThermometer('/probe', {
      nowMs: () => nowMs,
      read: async () => {
        asked++;
        if (text === null) throw Object.assign(new Error('gone'), { code: 'ENOENT' });
        return text;
      },
      onFault: (fault) => faults.push(fault),
    });
    await until('read', () => thermometer.deciC() === 200);
    for (let i = 0; i < 100; i++) thermometer.deciC();
    expect(asked).toBe(1);
    text = null;
    nowMs = 60_000;
    expect(thermometer.deciC()).toBe(200);
    await until('a fault', () => thermometer.fault() !== null);
    expect(thermometer.fault()).toMatch(/^temperature: \/probe is not there/);
    nowMs = 3_599_000;
    expect(thermometer.deciC()).toBe(200);
    nowMs = 3_600_000;
    expect(thermometer.deciC()).toBeNull();
    await new Promise(setImmediate);
    text = '21000\n';
    nowMs = 3_700_000;
    thermometer.deciC();
    await until('well again', () => thermometer.deciC() === 210);
    expect(faults).toEqual([expect.stringContaining('/probe'), null]);
  });
  it('that never answers is not asked again: each asking would keep one of the few threads that write readings', () => {
    let nowMs = 0;
    let asked = 0;
    const read = () => {
      asked++;
      return new Promise<string>(() => undefined);
    };
    const thermometer = openThermometer('/probe', { nowMs: () => nowMs, read });
    for (let i = 0; i < 100; i++, nowMs += 60_000) thermometer.deciC();
    expect(asked).toBe(1);
    expect(thermometer.fault()).toMatch(/^temperature: \/probe does not answer/);
  });
  it('a real file; of two, either fault is told', async () => {
    const [air, housing] = [join(folder, 'air'), join(folder, 'housing')];
    await writeFile(air, '18500\n');
    await chmod(air, 0o644);
    const faults: (string | null)[] = [];
    const both = openThermometers({ air, housing }, (fault) => faults.push(fault));
    await until('air', () => both.read().airDeciC === 185);
    await until('a fault', () => both.fault() !== null);
    expect(both.read()).toEqual({ airDeciC: 185, housingDeciC: null });
    expect(faults).toEqual([expect.stringContaining(housing)]);
  });
});
