import { describe, expect, it } from 'vitest';
import type { KnownEpisode } from '../../domain/episode.ts';
import type { KnownCrossing } from '../rule.ts';
import { found, minuteMs, noonMs, type Scene } from './testing.ts';

/** Katulampa passed Siaga II two hours ago, which became known a moment ago. Depok lies 3 to 5 h downstream. */
const episode = (differs: Partial<KnownEpisode> = {}): KnownEpisode => ({
  station: 'katulampa',
  severity: 2,
  bandLabel: 'Siaga II',
  sinceMs: noonMs - 120 * minuteMs,
  untilMs: noonMs - 30 * minuteMs,
  peakStageMm: 1832,
  peakAtMs: noonMs - 60 * minuteMs,
  peakAtLeast: false,
  readings: 90,
  firstKnownAtMs: noonMs,
  ...differs,
});
const told = (differs: Partial<KnownCrossing> = {}): KnownCrossing => ({
  rule: 'level',
  key: 'level/katulampa',
  severity: 2,
  sinceMs: noonMs - 119 * minuteMs,
  returnedAtMs: null,
  standing: 2,
  ...differs,
});
const late = (scene: Partial<Scene>) => found({ nowMin: 1, ...scene }, 'learnt-late');

it('says when it crossed, its peak, and when the water is expected downstream', () => {
  expect(late({ episodes: [episode()] })).toMatchObject([
    {
      signal: 'on',
      severity: 2,
      priority: 'medium',
      sinceMs: noonMs - 120 * minuteMs,
      headline:
        'Katulampa passed Siaga II at 17:00, learnt late: peak 183 cm at 18:00; expected at Depok 20:00–23:00 (sensor, provisional)',
      evidence: { 'expectedAt.depok': '2026-01-10T13:00:00.000Z/2026-01-10T16:00:00.000Z' },
    },
  ]);
});

describe('raises nothing', () => {
  it('when it was known at once', () => {
    expect(late({ episodes: [episode({ firstKnownAtMs: noonMs - 111 * minuteMs })] })).toEqual([]);
    expect(late({ episodes: [episode({ firstKnownAtMs: noonMs - 109 * minuteMs })] })).toHaveLength(1);
  });

  it('when its water must have arrived: five hours after the peak', () => {
    expect(late({ nowMin: 239, episodes: [episode()] })).toHaveLength(1);
    expect(late({ nowMin: 240, episodes: [episode()] })).toEqual([]);
  });

  it('when an alarm of the station told of it at that severity or above', () => {
    expect(late({ episodes: [episode()], madeKnown: [told()] })).toEqual([]);
    expect(late({ episodes: [episode()], madeKnown: [told({ severity: 3 })] })).toEqual([]);
    expect(late({ episodes: [episode()], madeKnown: [told({ severity: 1 })] })).toHaveLength(1);
  });

  it('where it begins at a gate, a tide or a pump', () => {
    expect(late({ kind: 'gate-up', episodes: [episode()] })).toEqual([]);
  });

  it('where nothing lies downstream', () => {
    expect(late({ episodes: [episode({ station: 'depok' })] })).toEqual([]);
  });
});

it('an alarm that had returned before it began told nothing of it, though it waits for its acknowledgement', () => {
  const yesterday = told({ sinceMs: noonMs - 900 * minuteMs, returnedAtMs: noonMs - 600 * minuteMs });
  expect(late({ episodes: [episode()], madeKnown: [yesterday] })).toHaveLength(1);
});

it('an alarm that has stepped down from an earlier crossing told nothing of a second one', () => {
  const before = told({ sinceMs: noonMs - 900 * minuteMs });
  expect(late({ episodes: [episode()], madeKnown: [before] })).toEqual([]);
  expect(late({ episodes: [episode()], madeKnown: [{ ...before, standing: 1 }] })).toHaveLength(1);
});

it('episodes within one another are one crossing at its highest severity', () => {
  const nested = [episode(), episode({ severity: 1, sinceMs: noonMs - 150 * minuteMs, bandLabel: 'Siaga III' })];
  expect(late({ episodes: nested })).toMatchObject([
    { severity: 2, key: 'learnt-late/katulampa/2026-01-10T09:30:00.000Z' },
  ]);
  const apart = episode({ sinceMs: noonMs - 25 * minuteMs, untilMs: null, peakAtMs: noonMs, firstKnownAtMs: noonMs });
  expect(late({ episodes: [...nested, apart] })).toHaveLength(2);
});

it('keeps its key when later readings move its beginning', () => {
  const own = told({ rule: 'learnt-late', key: 'learnt-late/katulampa/first', sinceMs: noonMs - 100 * minuteMs });
  expect(late({ episodes: [episode()], madeKnown: [own] })).toMatchObject([{ key: 'learnt-late/katulampa/first' }]);
});
