import type { Calibration } from '@siaga/protocol';
import { expect, it } from 'vitest';
import { CadenceConfig } from '../cadence/config.ts';
import { judge } from '../config/judge.ts';
import { aDraft } from '../testing/builders.ts';
import { eventBy } from './event.ts';

const calibration = {
  gauge: 'main',
  validFrom: '2014-01-01T00:00:00Z',
  sensorElevationMm: 5_000,
  faceOffsetMm: 100,
} as Calibration;

it.each([
  ['nearer than the limit for rising', { risingWithinMm: 1_500 }, { distanceMm: 1_500 }, true],
  ['farther', { risingWithinMm: 1_500 }, { distanceMm: 1_501 }, false],
  ['the limit as a stage', { floodStageMm: 3_000 }, { distanceMm: 1_900 }, true],
  ['below it', { floodStageMm: 3_000 }, { distanceMm: 1_901 }, false],
  ['nothing seen', { floodStageMm: 3_000 }, { distanceMm: null, echo: 'none' as const }, false],
  ['no limits', null, { distanceMm: 400 }, false],
  ['no limits, inside the blanking distance', null, { distanceMm: 300, echo: 'blanking' as const }, true],
])('%s', (_, limits, reading, isEvent) => {
  const cadence = limits && (judge(CadenceConfig, limits).value as CadenceConfig);
  const by = eventBy({ cadence, gauge: 'main' }, () => [calibration]);
  const stored = (over: object) => {
    const draft = aDraft({ reading, ...over });
    return { ...draft, stream: 'a'.repeat(16), reading: { ...draft.reading, seq: 1 } };
  };
  expect(by(stored({}))).toBe(isEvent);
  if (reading.distanceMm === 1_500)
    for (const other of [{ maintenance: true }, { gauge: 'spare' }]) expect(by(stored(other))).toBe(false);
});
