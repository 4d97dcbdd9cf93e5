import { expect, it } from 'vitest';
import { found, type Scene, samples } from './testing.ts';

const rate = (scene: Partial<Scene>) =>
  found({ nowMin: 0, samples: samples(400, 450, 500), ...scene }, 'rate').find(
    ({ station }) => station === 'katulampa',
  );
const rising = (rateMmPer10Min: number) => ({ trend: 'rising' as const, rateMmPer10Min });

it('raises at the limit, holds down to half of it, and goes below', () => {
  expect(rate({ value: rising(200) })).toMatchObject({ signal: 'on', priority: 'medium' });
  expect(rate({ value: rising(199) })).toMatchObject({ signal: 'hold' });
  expect(rate({ value: rising(99) })).toBeUndefined();
  expect(rate({ value: rising(200) })?.headline).toBe('Katulampa rises 20 cm/10 min: now 50 cm (sensor, provisional)');
});

it('takes its limit from the station', () => {
  const alarms = 'alarms: { stations: { katulampa: { rate: { limitMmPer10Min: 150, fromStageMm: 600 } } } }';
  expect(rate({ alarms, value: rising(160) })).toBeUndefined();
  expect(rate({ alarms, value: rising(160), samples: samples(600, 620) })).toMatchObject({ signal: 'on' });
});

it.each(['tide', 'gate-up', 'gate-down', 'pump-basin'] as const)('is off at a %s until set locally', (kind) => {
  expect(rate({ kind, value: rising(900) })).toBeUndefined();
  const alarms = `alarms: { kinds: { ${kind}: { rate: { on: true } } } }`;
  expect(rate({ kind, alarms, value: rising(900) })).toMatchObject({ signal: 'on' });
});

it('silence and an unknown rate keep what is there', () => {
  expect(rate({ nowMin: 10, value: rising(900) })).toMatchObject({ signal: 'hold' });
  expect(rate({ value: { rateMmPer10Min: null } })).toMatchObject({ signal: 'hold' });
});

it('keeps what is there, and says no figure, while the water stands above what the sensor can see', () => {
  const quick = samples(3900, 3990, 4080, 4170);
  expect(rate({ samples: quick })).toMatchObject({ signal: 'on' });
  const blanked = { atMin: 1, stageMm: 4200, echo: 'blanking' as const, flag: 3 as const };
  expect(rate({ nowMin: 1, samples: [...quick, blanked], value: rising(900) })).toMatchObject({
    signal: 'hold',
    headline: 'Katulampa: rate of rise not known',
  });
});

it('sees a quick rise by the last four samples, before half an hour has shown a trend', () => {
  const quick = samples(400, 440, 480, 520);
  expect(rate({ samples: quick, value: rising(10) })).toMatchObject({
    signal: 'on',
    evidence: { rateMmPer10Min: 400, trendMmPer10Min: 10 },
  });
  expect(rate({ samples: samples(400, 420, 440, 460), value: rising(10) }), 'waves').toBeUndefined();
  expect(rate({ samples: samples(400, 400, 400, 1400), value: rising(0) }), 'one wild sample').toBeUndefined();
});
