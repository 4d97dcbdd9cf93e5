import { expect, test } from 'vitest';
import { calibrationAt, type DatedCalibration, stageOf } from './stage.ts';

const noon = Date.UTC(2026, 0, 10, 12);
const common = { gauge: 'main', benchmark: null, surveyedOn: null };
// Not in order of time, as a careless hand writes them.
const calibrations: DatedCalibration[] = [
  { ...common, validFromMs: noon, sensorElevationMm: 5000, faceOffsetMm: -20 },
  { ...common, validFromMs: noon - 1000, sensorElevationMm: 4500, faceOffsetMm: 30 },
  { ...common, gauge: 'second', validFromMs: 0, sensorElevationMm: 100, faceOffsetMm: 0 },
];
const reading = { gauge: 'main', observedAtMs: noon, distanceMm: 1000, echo: 'seen' as const };

test('stage = sensorElevationMm − (distanceMm + faceOffsetMm), by the calibration valid when it was observed', () => {
  expect(stageOf(calibrations, reading)).toEqual({ stageMm: 4020, atLeast: false });
  expect(stageOf(calibrations, { ...reading, observedAtMs: noon - 1 })).toEqual({ stageMm: 3470, atLeast: false });
});

test('no calibration yet, no distance: no stage', () => {
  expect(stageOf(calibrations, { ...reading, observedAtMs: noon - 1001 })).toBeNull();
  expect(stageOf(calibrations, { ...reading, distanceMm: null })).toBeNull();
  expect(calibrationAt(calibrations, 'third', noon)).toBeUndefined();
});

test('water below the zero is a negative stage; blanking means at least', () => {
  expect(stageOf(calibrations, { ...reading, gauge: 'second' })?.stageMm).toBe(-900);
  expect(stageOf(calibrations, { ...reading, echo: 'blanking', distanceMm: 300 })).toEqual({
    stageMm: 4720,
    atLeast: true,
  });
});
