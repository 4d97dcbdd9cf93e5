import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judge } from '../config/judge.ts';
import { type CadenceState, cadenceAfter, cadenceOf, calmCadence, type Order } from './cadence.ts';
import { CadenceConfig, cadenceSection } from './config.ts';
import type { Look } from './water.ts';

const config = configOf({ risingWithinMm: 2_000, floodWithinMm: 1_200 });

function configOf(over: object): CadenceConfig {
  return judge(CadenceConfig, over).value as CadenceConfig;
}

function look(atMs: number, distanceMm: number | null, over: Partial<Look['reading']> = {}): Look {
  return {
    atMs,
    stageMm: null,
    reading: { distanceMm, echo: distanceMm === null ? 'none' : 'seen', flag: 1, ...over },
  };
}

const minuteMs = 60_000;
/** A reading a minute, from `fromMin` on. */
function seen(state: CadenceState, distances: readonly (number | null)[], fromMin: number, with_ = config) {
  return distances.reduce<CadenceState>((before, distanceMm, i) => {
    const nowMs = (fromMin + i) * minuteMs;
    return cadenceAfter(before, { nowMs, look: look(nowMs, distanceMm) }, with_);
  }, state);
}
const still = (distanceMm: number, minutes: number) => Array.from({ length: minutes }, () => distanceMm);

describe('the cadence', () => {
  it('goes up at once with the level, down only after the hold and beyond the dead band', () => {
    const calm = seen(calmCadence, still(3_000, 10), 0);
    expect(cadenceOf(calm, config, null)).toEqual({ sampleS: 60, reportS: 300, reason: 'calm' });
    const rising = seen(calm, [1_990], 10);
    expect(cadenceOf(rising, config, null)).toEqual({ sampleS: 60, reportS: 60, reason: 'rising' });
    const flood = seen(rising, [1_200], 11);
    expect(cadenceOf(flood, config, null)).toEqual({ sampleS: 30, reportS: 60, reason: 'flood' });
    expect(seen(flood, still(1_240, 600), 12).tier).toBe('flood');
    expect(seen(flood, still(1_260, 29), 12).tier).toBe('flood');
    expect(seen(flood, still(1_260, 31), 12).tier).toBe('rising');
    expect(seen(flood, still(2_060, 61), 12).tier).toBe('calm');
  });

  it('goes up with the rate of rise wherever the water stands, but not with waves or a slow tide', () => {
    const rise = Array.from({ length: 12 }, (_, i) => 4_000 - i * 5);
    expect(seen(calmCadence, rise, 0).tier).toBe('rising');
    const waves = Array.from({ length: 300 }, (_, i) => 4_000 + (i % 2) * 60);
    expect(seen(calmCadence, waves, 0).tier).toBe('calm');
    const tide = Array.from({ length: 300 }, (_, i) => Math.round(4_000 - i));
    expect(seen(calmCadence, tide, 0).tier).toBe('calm');
    expect(seen(calmCadence, rise, 0, configOf({ riseMmPerH: 1_000 })).tier).toBe('calm');
  });

  it.each([5, 10, 60, 240])(
    'sees a rise also when it looks every %i minutes, and no still water for one',
    (minutes) => {
      const every = (distances: readonly number[]) =>
        distances.reduce<CadenceState>((before, distanceMm, i) => {
          const nowMs = i * minutes * minuteMs;
          return cadenceAfter(before, { nowMs, look: look(nowMs, distanceMm) }, configOf({}));
        }, calmCadence);
      const stepMm = (150 * minutes) / 60;
      expect(every(Array.from({ length: 7 }, (_, i) => Math.round(9_000 - i * stepMm))).tier).toBe('rising');
      expect(every(Array.from({ length: 50 }, (_, i) => 9_000 + (i % 2) * 15)).tier).toBe('calm');
    },
  );

  it('sees a rise also when it looks every second', () => {
    let state = calmCadence;
    for (let s = 0; s < 900; s++)
      state = cadenceAfter(state, { nowMs: s * 1_000, look: look(s * 1_000, Math.round(4_000 - s / 10)) }, config);
    expect(state.tier).toBe('rising');
  });

  it('believes a suspect reading when a second one agrees, blanking at once, and a failed one never', () => {
    const calm = seen(calmCadence, still(3_000, 5), 0);
    const at = (min: number, distanceMm: number | null, over: Partial<Look['reading']>) => ({
      nowMs: min * minuteMs,
      look: look(min * minuteMs, distanceMm, over),
    });
    const one = cadenceAfter(calm, at(6, 900, { flag: 3 }), config);
    expect(one.tier).toBe('calm');
    expect(cadenceAfter(one, at(7, 3_000, {}), config).tier).toBe('calm');
    expect(cadenceAfter(one, at(7, 900, { flag: 3 }), config).tier).toBe('flood');
    expect(cadenceAfter(one, at(7, 900, { flag: 4 }), config).tier).toBe('calm');
    expect(cadenceAfter(calm, at(6, 300, { flag: 3, echo: 'blanking' }), config).tier).toBe('flood');
  });

  it('goes by stage where the gauge is calibrated', () => {
    const staged = configOf({ risingStageMm: 800, floodStageMm: 1_500 });
    const at = (stageMm: number | null) =>
      cadenceAfter(calmCadence, { nowMs: 0, look: { ...look(0, 2_000), stageMm } }, staged).tier;
    expect([at(null), at(799), at(800), at(1_500)]).toEqual(['calm', 'calm', 'rising', 'flood']);
  });

  it('a sensor that the flood has blinded is watched closely for a day', () => {
    const flood = seen(calmCadence, [1_000], 0);
    const blind = Array.from({ length: 60 * 26 }, () => null);
    expect(seen(flood, blind.slice(0, 60 * 23), 1).tier).toBe('rising');
    expect(seen(flood, blind, 1).tier).toBe('calm');
  });

  it('a command shortens and never lengthens', () => {
    const calm = seen(calmCadence, still(3_000, 5), 0);
    expect(cadenceOf(calm, config, { intervalS: 60 })).toEqual({ sampleS: 60, reportS: 60, reason: 'command' });
    expect(cadenceOf(calm, config, { intervalS: 3_600 })).toEqual(cadenceOf(calm, config, null));
    const flood = seen(calm, [1_000], 5);
    expect(cadenceOf(flood, config, { intervalS: 60 })).toEqual(cadenceOf(flood, config, null));
    expect(cadenceOf(calm, config, { intervalS: 1 })).toMatchObject({ sampleS: 30, reportS: 30 });
  });

  it('a low battery stretches calm, an empty one also rising; neither touches a flood', () => {
    const saving = configOf({ battery: { lowMv: 12_000, emptyMv: 11_500 }, floodWithinMm: 1_200 });
    const at = (batteryMv: number, state = calmCadence) => cadenceAfter(state, { nowMs: 0, batteryMv }, saving);
    expect(cadenceOf(at(12_500), saving, null)).toEqual({ sampleS: 60, reportS: 300, reason: 'calm' });
    expect(cadenceOf(at(11_999), saving, null)).toEqual({ sampleS: 120, reportS: 600, reason: 'battery' });
    expect(cadenceOf(at(11_000), saving, null)).toEqual({ sampleS: 240, reportS: 1_200, reason: 'battery' });
    expect(at(12_100, at(11_999)).battery).toBe('low');
    expect(at(12_151, at(11_999)).battery).toBe('good');
    const flood = cadenceAfter(at(11_000), { nowMs: 0, look: look(0, 1_000) }, saving);
    expect(cadenceOf(flood, saving, null)).toEqual({ sampleS: 30, reportS: 60, reason: 'flood' });
  });

  it('reports calm less often when the link costs more than it may, and again as often when it does not', () => {
    const frugal = configOf({ linkMbPerMonth: 3 });
    const day = (state: CadenceState, fromDay: number, bytes: number) => {
      let after = state;
      for (let hour = 0; hour < 24; hour++)
        after = cadenceAfter(after, { nowMs: (fromDay * 24 + hour) * 3_600_000, wireBytes: bytes / 24 }, frugal);
      return after;
    };
    let state = calmCadence;
    for (let d = 0; d < 30; d++) state = day(state, d, 90_000);
    expect(state.budget.stretch).toBe(1);
    for (let d = 30; d < 40; d++) state = day(state, d, 250_000);
    expect(cadenceOf(state, frugal, null).reportS).toBeGreaterThanOrEqual(600);
    expect(cadenceOf(state, frugal, null).sampleS).toBe(60);
    for (let d = 40; d < 60; d++) state = day(state, d, 20_000);
    expect(cadenceOf(state, frugal, null).reportS).toBe(300);
  });
});

const arbitraryConfig = fc
  .record({
    capS: fc.integer({ min: 60, max: 3_600 }),
    holdS: fc.integer({ min: 600, max: 3_600 }),
    deadBandMm: fc.integer({ min: 20, max: 200 }),
    intervals: fc.tuple(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 60 }),
    ),
  })
  .map(({ capS, holdS, deadBandMm, intervals }) => {
    const [flood = 1, rising = 1, calm = 1] = intervals.toSorted((a, b) => a - b);
    const pace = (s: number) => ({ sampleS: s, reportS: s });
    return configOf({
      capS,
      holdS,
      deadBandMm,
      calm: pace(calm),
      rising: pace(rising),
      flood: pace(flood),
      risingWithinMm: 2_000,
      floodWithinMm: 1_200,
      battery: { lowMv: 12_000, emptyMv: 11_500 },
      linkMbPerMonth: 1,
    });
  });
const arbitraryStep = fc.record({
  inS: fc.integer({ min: 1, max: 7_200 }),
  distanceMm: fc.option(fc.integer({ min: 300, max: 5_000 })),
  flag: fc.constantFrom(1 as const, 2 as const, 3 as const, 4 as const, 9 as const),
  batteryMv: fc.option(fc.integer({ min: 10_000, max: 14_000 })),
  wireBytes: fc.integer({ min: 0, max: 1_000_000 }),
  order: fc.option(fc.record({ intervalS: fc.integer({ min: 1, max: 3_600 }) })),
});

describe('whatever comes', () => {
  it('a flood is never slower than its interval, no interval beyond the cap, and no command makes any longer', () => {
    fc.assert(
      fc.property(arbitraryConfig, fc.array(arbitraryStep, { maxLength: 60 }), (settings, steps) => {
        let state = calmCadence;
        let nowMs = 0;
        for (const { inS, distanceMm, flag, batteryMv, wireBytes, order } of steps) {
          nowMs += inS * 1_000;
          state = cadenceAfter(
            state,
            { nowMs, look: look(nowMs, distanceMm, { flag }), batteryMv, wireBytes },
            settings,
          );
          const [own, ordered] = [cadenceOf(state, settings, null), cadenceOf(state, settings, order as Order | null)];
          const isFlood = distanceMm !== null && distanceMm <= 1_200 && (flag === 1 || flag === 2);
          if (isFlood) expect(ordered.reportS).toBeLessThanOrEqual(settings.flood.reportS);
          for (const { sampleS, reportS } of [own, ordered]) {
            expect(reportS).toBeLessThanOrEqual(settings.capS);
            expect(sampleS).toBeLessThanOrEqual(reportS);
            expect(sampleS).toBeGreaterThanOrEqual(1);
          }
          expect(ordered.reportS).toBeLessThanOrEqual(own.reportS);
          expect(ordered.sampleS).toBeLessThanOrEqual(own.sampleS);
        }
      }),
    );
  });

  it('waves about a limit, smaller than the dead band, change the tier once and not again', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -25, max: 25 }), { minLength: 120, maxLength: 400 }),
        fc.constantFrom(2_000, 1_200),
        (waves, limitMm) => {
          let state = calmCadence;
          let changes = 0;
          waves.forEach((wave, i) => {
            const nowMs = i * minuteMs;
            const next = cadenceAfter(state, { nowMs, look: look(nowMs, limitMm + wave) }, config);
            if (next.tier !== state.tier) changes++;
            state = next;
          });
          // From calm by way of rising to a flood at most.
          expect(changes).toBeLessThanOrEqual(limitMm === 2_000 ? 1 : 2);
        },
      ),
    );
  });

  it('steps down no more often than once a hold', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 900, max: 2_500 }), { minLength: 200, maxLength: 400 }), (distances) => {
        let state = calmCadence;
        let lastDownMs = Number.NEGATIVE_INFINITY;
        distances.forEach((distanceMm, i) => {
          const nowMs = i * minuteMs;
          const next = cadenceAfter(state, { nowMs, look: look(nowMs, distanceMm) }, config);
          const ranks = { calm: 0, rising: 1, flood: 2 };
          if (ranks[next.tier] < ranks[state.tier] && next.tier === 'calm') {
            expect(nowMs - lastDownMs).toBeGreaterThanOrEqual(config.holdS * 1_000);
            lastDownMs = nowMs;
          }
          state = next;
        });
      }),
    );
  });
});

describe('its settings', () => {
  it('have defaults throughout, and say every fault of theirs', () => {
    expect(judge(CadenceConfig, {}).faults).toEqual([]);
    expect(cadenceSection.faults(configOf({}))).toEqual([]);
    const odd = configOf({
      calm: { sampleS: 60, reportS: 30 },
      flood: { sampleS: 90, reportS: 90 },
      floodWithinMm: 2_000,
      risingWithinMm: 1_000,
      capS: 45,
      battery: { lowMv: 11_000, emptyMv: 12_000 },
    });
    expect(cadenceSection.faults(odd).map((fault) => fault.split(':')[0])).toEqual([
      'cadence.calm.reportS',
      'cadence.rising.reportS',
      'cadence.flood.reportS',
      'cadence.rising.reportS',
      'cadence.flood.reportS',
      'cadence.flood.sampleS',
      'cadence.floodWithinMm',
      'cadence.battery.emptyMv',
    ]);
  });
});
