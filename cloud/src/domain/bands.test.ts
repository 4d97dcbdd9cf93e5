import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bandOf, bandsAt, type DatedThreshold, labelOf, severityOf } from './bands.ts';

const year = (y: number) => Date.UTC(y, 0, 1);
const from2013 = { validFromMs: year(2013), validToMs: null };
const katulampa: DatedThreshold[] = [
  { severity: 3, label: 'Siaga I', fromMm: 2010, ...from2013 },
  { severity: 1, label: 'Siaga III', fromMm: 810, ...from2013 },
  { severity: 2, label: 'Siaga II', fromMm: 1510, ...from2013 },
];
const bands = bandsAt(katulampa, 'Siaga IV', year(2020));

describe('bands in force', () => {
  test('lowest first, with the one below all limits', () => {
    expect(bands).toEqual([
      { severity: 0, label: 'Siaga IV', fromMm: null },
      { severity: 1, label: 'Siaga III', fromMm: 810 },
      { severity: 2, label: 'Siaga II', fromMm: 1510 },
      { severity: 3, label: 'Siaga I', fromMm: 2010 },
    ]);
  });

  test('validity is half-open: the first instant belongs to the new limit, the last to nobody', () => {
    const changed: DatedThreshold[] = [
      { severity: 1, label: 'old', fromMm: 500, validFromMs: year(2013), validToMs: year(2020) },
      { severity: 1, label: 'new', fromMm: 600, validFromMs: year(2020), validToMs: year(2021) },
    ];
    const labelAt = (ms: number) => bandsAt(changed, 'normal', ms).at(-1)?.label;
    expect(labelAt(year(2020) - 1)).toBe('old');
    expect(labelAt(year(2020))).toBe('new');
    expect(bandsAt(changed, 'normal', year(2021))).toEqual([]);
    expect(bandsAt(changed, 'normal', year(2013) - 1)).toEqual([]);
  });

  test('a stage equal to a limit lies above it; below zero is a stage like any other', () => {
    expect([-5000, 809, 810, 1509, 1510, 2009, 2010].map((mm) => bandOf(bands, mm)?.label)).toEqual([
      'Siaga IV',
      'Siaga IV',
      'Siaga III',
      'Siaga III',
      'Siaga II',
      'Siaga II',
      'Siaga I',
    ]);
  });

  test('without limits nothing is said', () => {
    expect(severityOf([], 9999, null, 50)).toBeNull();
    expect(labelOf([], 2)).toBeNull();
    expect(labelOf(bands, null)).toBeNull();
  });
});

describe('severity with its dead-band', () => {
  test('rises at once, falls only below limit − dead-band', () => {
    expect(severityOf(bands, 810, 0, 50)).toBe(1);
    expect(severityOf(bands, 760, 1, 50)).toBe(1);
    expect(severityOf(bands, 759, 1, 50)).toBe(0);
  });

  test('a sudden fall ends where a slow one does', () => {
    expect(severityOf(bands, 1470, 3, 50)).toBe(2);
    expect(severityOf(bands, 1459, 3, 50)).toBe(1);
    expect(severityOf(bands, 0, 3, 50)).toBe(0);
    const stage = fc.integer({ min: 0, max: 2600 });
    fc.assert(
      fc.property(stage, stage, fc.integer({ min: 0, max: 200 }), (high, low, deadBand) => {
        fc.pre(low < high);
        let slow = severityOf(bands, high, null, deadBand);
        for (let mm = high; mm >= low; mm -= 1) slow = severityOf(bands, mm, slow, deadBand);
        expect(severityOf(bands, low, severityOf(bands, high, null, deadBand), deadBand)).toBe(slow);
      }),
      { numRuns: 50 },
    );
  });

  test('never below the band that holds the stage, never above it by more than the dead-band', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -500, max: 3000 }), { minLength: 1, maxLength: 50 }), (stages) => {
        let severity: number | null = null;
        for (const stage of stages) {
          severity = severityOf(bands, stage, severity, 50);
          expect(severity).toBeGreaterThanOrEqual(bandOf(bands, stage)?.severity as number);
          expect(severity).toBeLessThanOrEqual(bandOf(bands, stage + 50)?.severity as number);
        }
      }),
    );
  });

  test('water that ripples by less than the dead-band about a limit changes band once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -25, max: 25 }), { minLength: 2, maxLength: 200 }),
        fc.constantFrom(810, 1510, 2010),
        (ripples, limit) => {
          let severity = bandOf(bands, limit - 400)?.severity as number | null;
          let changes = 0;
          for (const ripple of ripples) {
            const next = severityOf(bands, limit + ripple, severity, 50);
            if (next !== severity) changes += 1;
            severity = next;
          }
          expect(changes).toBeLessThanOrEqual(1);
        },
      ),
    );
  });
});
