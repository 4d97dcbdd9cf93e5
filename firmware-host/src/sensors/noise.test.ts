import { expect, it } from 'vitest';
import { noiseTrial } from '../testing/noise.ts';
import { noisySensors } from '../testing/noisy-sensors.ts';
import { sensors } from './index.ts';

it('plays every sensor', () => {
  expect([...new Set(noisySensors.map(({ config }) => config.sensor))].sort()).toEqual(Object.keys(sensors).sort());
});

// The same with a million frames each is in the bench.
it.each(noisySensors)('$name: one byte in ten at random moves no published burst', async (sensor) => {
  const trial = await noiseTrial(sensor, 28_000, 1);
  expect(trial.wrong).toBe(0);
  expect(trial.unaccountedBytes).toBe(0);
  expect(trial.discardedBytes).toBeGreaterThan(trial.bytesIn / 4);
  expect(trial.seen).toBeGreaterThan(trial.bursts / 2);
});
