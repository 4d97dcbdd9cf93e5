import type { Band } from '@siaga/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FoldedReading, foldReading, type JudgedStation, levelOf, rejudge, type Site, unjudged } from './level.ts';

const noon = Date.UTC(2026, 0, 10, 12);
const minute = 60_000;
const bands: Band[] = [
  { severity: 0, label: 'Siaga IV', fromMm: null },
  { severity: 1, label: 'Siaga III', fromMm: 810 },
  { severity: 2, label: 'Siaga II', fromMm: 1510 },
  { severity: 3, label: 'Siaga I', fromMm: 2010 },
];
const site: Site = {
  gauge: 'main',
  calibrations: [
    { gauge: 'main', validFromMs: 0, sensorElevationMm: 4500, faceOffsetMm: 0, benchmark: null, surveyedOn: null },
  ],
  bands,
  deadBandMm: 50,
  staleCapS: 3600,
};

/** A reading `minutes` after noon of a stage. */
function at(minutes: number, stageMm: number, differs: Partial<FoldedReading> = {}): FoldedReading {
  return {
    gauge: 'main',
    observedAtMs: noon + minutes * minute,
    distanceMm: 4500 - stageMm,
    echo: 'seen',
    flag: 1,
    clock: 'synced',
    intervalS: 60,
    maintenance: false,
    ...differs,
  };
}

const fold = (readings: readonly FoldedReading[], from: JudgedStation = unjudged) =>
  readings.reduce((state, reading) => foldReading(state, reading, site), from);
const dead = { distanceMm: null, echo: 'dead', flag: 9 } as const;
const none = { distanceMm: null, echo: 'none', flag: 9 } as const;

describe('the present level', () => {
  test('band, since, quality and presence of a rising water', () => {
    const state = fold([at(0, 400), at(1, 800), at(2, 810), at(3, 900)]);
    expect(levelOf(state, site, noon + 4 * minute)).toEqual({
      severity: 1,
      bandLabel: 'Siaga III',
      since: '2026-01-10T12:02:00.000Z',
      presence: 'live',
      quality: 'good',
      note: null,
      maintenance: false,
    });
  });

  test('of a station that never sent', () => {
    expect(levelOf(unjudged, site, noon)).toMatchObject({
      severity: null,
      bandLabel: null,
      presence: 'never',
      quality: 'none',
    });
  });

  test('late and repeated readings change nothing: the order of arrival behind the newest is without meaning', () => {
    const reading = fc.record({
      minutes: fc.integer({ min: 0, max: 300 }),
      stageMm: fc.integer({ min: 0, max: 3000 }),
      kind: fc.constantFrom({}, { flag: 3 as const }, dead, none, { maintenance: true }, { echo: 'blanking' as const }),
    });
    const readings = fc.array(reading, { maxLength: 20 });
    fc.assert(
      fc.property(readings, readings, (first, more) => {
        const make = (list: typeof first) => list.map(({ minutes, stageMm, kind }) => at(minutes, stageMm, kind));
        const known = fold([...make(first), at(301, 700)]);
        expect(fold(make(more), known)).toEqual(known);
      }),
    );
  });

  test('readings of another gauge judge nothing', () => {
    const state = fold([at(0, 400)]);
    expect(foldReading(state, at(1, 3000, { gauge: 'second' }), site)).toBe(state);
  });
});

describe('quality and notes', () => {
  test('flags 4 and 9 weigh nothing: the level rests on the older reading and grows old', () => {
    const state = fold([at(0, 900), at(1, 3000, { flag: 4 }), at(2, 0, none)]);
    expect(state).toMatchObject({ severity: 1, stageMm: 900, quality: 'none', note: 'no-echo' });
    expect(levelOf(state, site, noon + 5 * minute).presence).toBe('stale');
    expect(fold([at(3, 0, dead)], state).note).toBe('sensor-dead');
    expect(fold([at(3, 900)], state)).toMatchObject({ quality: 'good', note: null });
  });

  test('flag 3 is suspect, and delays nothing', () => {
    expect(fold([at(0, 400), at(1, 2100, { flag: 3 })])).toMatchObject({ severity: 3, quality: 'suspect' });
  });

  test('a clock that is not set is said', () => {
    expect(fold([at(0, 400, { clock: 'unsynced' })]).note).toBe('clock-uncertain');
    expect(fold([at(0, 400, { clock: 'rtc' })]).note).toBeNull();
  });

  test('under maintenance nothing is judged but that it goes on', () => {
    const state = fold([at(0, 900), at(1, 3000, { maintenance: true })]);
    expect(state).toMatchObject({ severity: 1, stageMm: 900, maintenance: true, quality: 'good' });
    expect(state.weighedAtMs).toBe(noon);
    expect(fold([at(2, 900)], state).maintenance).toBe(false);
  });

  test('a reading’s word of maintenance holds while it is news, a declared one to its end', () => {
    const state = fold([at(0, 900), at(1, 3000, { maintenance: true })]);
    const isMaintained = (minutes: number, maintenanceUntilMs: number | null = null) =>
      levelOf(state, { ...site, maintenanceUntilMs }, noon + minutes * minute).maintenance;
    expect([isMaintained(5), isMaintained(5.1)]).toEqual([true, false]);
    const untilMs = noon + 30 * minute;
    expect([isMaintained(29, untilMs), isMaintained(30, untilMs)]).toEqual([true, false]);
  });

  test('without a calibration a reading weighs nothing', () => {
    const bare = { ...site, calibrations: [] };
    expect(foldReading(unjudged, at(0, 900), bare)).toMatchObject({ severity: null, quality: 'none' });
  });
});

test('evidence without a calibration is judged as unknown once, and then left as it is', () => {
  const later = site.calibrations.map((calibration) => ({ ...calibration, validFromMs: noon + 9 * minute }));
  const uncalibrated = { ...site, calibrations: later };
  const unknown = rejudge(fold([at(0, 900)]), uncalibrated);
  expect(unknown).toMatchObject({ stageMm: null, severity: null, sinceMs: null });
  expect(rejudge(unknown, uncalibrated)).toBe(unknown);
});

describe('blanking', () => {
  // The sensor sees nothing nearer than 300 mm: a stage of 4200 mm.
  const blank = (minutes: number, flag: 1 | 3 = 3) => at(minutes, 4200, { echo: 'blanking', flag });

  test('after a rise means at least, and counts as evidence', () => {
    const state = fold([at(0, 3600), at(1, 3750), at(2, 3900), at(3, 4050), blank(4)]);
    expect(state).toMatchObject({ severity: 3, stageMm: 4200, note: 'at-least', weighedAtMs: noon + 4 * minute });
  });

  test('weighs nothing under a flag that weighs nothing', () => {
    const before = fold([at(0, 4100), at(1, 4150)]);
    const state = foldReading(before, at(2, 4200, { echo: 'blanking', flag: 4 }), site);
    expect(state).toMatchObject({ weighedAtMs: noon + minute, stageMm: 4150, quality: 'none' });
  });

  test('raises the severity to that of the blanking distance, never lowers it', () => {
    const low: Site = {
      ...site,
      bands: bands.map((b) => ({ ...b, fromMm: b.fromMm === null ? null : b.fromMm + 2100 })),
    };
    const rise = [at(0, 3000), at(5, 3400), at(10, 3800), blank(15)];
    const state = rise.reduce((s, r) => foldReading(s, r, low), unjudged);
    expect(state).toMatchObject({ severity: 3, sinceMs: noon + 15 * minute, note: 'at-least' });
    const danger = { ...fold([at(0, 4100)]), severity: 3 };
    expect(fold([blank(1)], danger).severity).toBe(3);
  });

  test('goes on as it began, however long', () => {
    const risen = fold([at(0, 4000), at(1, 4100), blank(2), blank(3), blank(600)]);
    expect(risen).toMatchObject({ note: 'at-least', severity: 3 });
    const blocked = fold([at(0, 400), at(1, 410), blank(2), blank(3), blank(6000)]);
    expect(blocked).toMatchObject({ note: 'possibly-blocked', severity: 0 });
  });

  test('by a sudden jump is possibly blocked: severity unchanged, the evidence grows old', () => {
    const state = fold([at(0, 400), at(1, 402), blank(2)]);
    expect(state).toMatchObject({
      severity: 0,
      stageMm: 402,
      note: 'possibly-blocked',
      quality: 'none',
      weighedAtMs: noon + minute,
    });
    expect(fold([at(3, 405)], state)).toMatchObject({ note: null, quality: 'good' });
  });

  test('as the first word of a station says nothing of a rise', () => {
    expect(fold([blank(0)])).toMatchObject({ severity: null, note: 'possibly-blocked' });
  });

  test('a missed echo in between does not turn a flood into a blockage', () => {
    expect(fold([at(0, 4000), at(1, 4100), blank(2), at(3, 0, none), blank(4)]).note).toBe('at-least');
  });
});

describe('judging again', () => {
  test('by other bands or another calibration: the same evidence, a new band', () => {
    const state = fold([at(0, 900)]);
    const raised = { ...site, calibrations: site.calibrations.map((c) => ({ ...c, sensorElevationMm: 5200 })) };
    expect(rejudge(state, raised)).toMatchObject({ stageMm: 1600, severity: 2, sinceMs: noon });
    expect(rejudge(state, { ...site, bands: [] })).toMatchObject({ severity: null, sinceMs: null });
    expect(rejudge(state, site)).toBe(state);
  });

  test('another primary gauge begins anew', () => {
    expect(rejudge(fold([at(0, 900)]), { ...site, gauge: 'second' })).toEqual(unjudged);
  });
});
