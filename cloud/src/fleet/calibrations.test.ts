import { type About, type Calibration, steppedClock } from '@siaga/protocol';
import { beforeEach, expect, test } from 'vitest';
import { noonMs } from '../alarms/rules/testing.ts';
import { openMemory } from '../store/index.ts';
import type { Stores } from '../store/stores.ts';
import { type Calibrations, createCalibrations } from './calibrations.ts';
import { standingCatalogue } from './standing.ts';
import { catalogueFrom } from './testing.ts';

const hourMs = 3_600_000;
let stores: Stores;
let clock: ReturnType<typeof steppedClock>;
let calibrations: Calibrations;

beforeEach(async () => {
  stores = openMemory();
  clock = steppedClock(noonMs);
  calibrations = await open();
});

/** As after a start of the platform. */
async function open(): Promise<Calibrations> {
  const catalogue = standingCatalogue(catalogueFrom());
  const opened = createCalibrations({ state: stores.state, clock, catalogue, onChanged: async () => {} });
  await opened.start();
  return opened;
}

const measured = (number: number): Calibration => ({
  gauge: 'main',
  validFrom: new Date(noonMs - number * 1000).toISOString(),
  sensorElevationMm: 4400 + number,
  faceOffsetMm: 0,
  record: number.toString(16).padStart(64, '0'),
});
const numbers = (from: number, count: number) => Array.from({ length: count }, (_, i) => measured(from + i));
const about = (list: Calibration[]): About => ({
  v: 1,
  firmware: { name: 'siaga-agent', version: '0.1.0' },
  gauges: [],
  calibrations: list,
});
const elevations = () => calibrations.of('katulampa').map(({ calibration }) => calibration.sensorElevationMm - 4400);

test('a device that proposes without end crowds out neither what was decided nor what its successor measures', async () => {
  await calibrations.heard('katulampa', about([measured(1), measured(2)]));
  await calibrations.decide('ratna', 'katulampa', measured(1).record ?? '', 'accepted', null);
  await calibrations.decide('ratna', 'katulampa', measured(2).record ?? '', 'refused', 'wrong');
  for (let i = 0; i < 20; i += 1) {
    clock.moveTo(noonMs + i * hourMs);
    await calibrations.heard('katulampa', about(numbers(1000 + i * 64, 64)));
  }
  expect(calibrations.of('katulampa').length).toBeLessThanOrEqual(2 + 64);
  clock.moveTo(noonMs + 30 * hourMs);
  await calibrations.heard('katulampa', about([measured(3)]));
  expect(elevations()).toEqual(expect.arrayContaining([1, 2, 3]));
  const before = elevations();
  calibrations = await open();
  expect(elevations()).toEqual(before);
  expect(await calibrations.decide('ratna', 'katulampa', measured(3).record ?? '', 'accepted', null)).toMatchObject({
    ok: true,
  });
});

test('what a device still tells of stays, however it is told', async () => {
  await calibrations.heard('katulampa', about(numbers(100, 40)));
  await calibrations.heard('katulampa', about([...numbers(100, 40), ...numbers(200, 24)]));
  expect(elevations()).toHaveLength(64);
});

test('a device that tells something new every second is heard now and then', async () => {
  for (let i = 0; i < 100; i += 1) {
    clock.moveTo(noonMs + i * 1000);
    await calibrations.heard('katulampa', about([measured(i)]));
  }
  expect(elevations().length).toBeLessThanOrEqual(20);
  clock.moveTo(noonMs + hourMs);
  await calibrations.heard('katulampa', about([measured(500)]));
  expect(elevations()).toContain(500);
});

test('a record that is known under other numbers stays what it was when it was decided', async () => {
  await calibrations.heard('katulampa', about([measured(1)]));
  const record = measured(1).record ?? '';
  await calibrations.heard('katulampa', about([{ ...measured(9), record }]));
  expect(await calibrations.decide('ratna', 'katulampa', record, 'accepted', null)).toMatchObject({
    kept: { calibration: { sensorElevationMm: 4401 } },
  });
});
