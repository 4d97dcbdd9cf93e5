import { describe, expect, test } from 'vitest';
import { decodeFold, encodeFold, hourOf } from './episode-checkpoint.ts';
import { type ClosedEpisode, emptyFold, foldEpisodes } from './episode-fold.ts';
import { type EpisodeSite, episodeSite } from './episode-site.ts';
import type { FoldedReading } from './level.ts';

const startMs = Date.UTC(2026, 0, 10);
const minuteMs = 60_000;
const threshold = (severity: number, fromMm: number, validFromMs = 0, validToMs: number | null = null) => ({
  severity,
  label: `Siaga ${4 - severity}`,
  fromMm,
  validFromMs,
  validToMs,
});
const calibration = { gauge: 'main', faceOffsetMm: 0, benchmark: null, surveyedOn: null };
const station = {
  gauge: 'main',
  deadBandMm: 50,
  calibrations: [{ ...calibration, validFromMs: 0, sensorElevationMm: 4000 }],
  thresholds: [threshold(1, 1000), threshold(2, 2000), threshold(3, 3000)],
};
const site = episodeSite(station);

/** `minute` since the start, stage in mm, and what else is odd. */
type Sample = readonly [minute: number, stageMm: number, differs?: Partial<FoldedReading>];

function readingOf([minute, stageMm, differs]: Sample): FoldedReading {
  return {
    gauge: 'main',
    observedAtMs: startMs + minute * minuteMs,
    distanceMm: 4000 - stageMm,
    echo: 'seen',
    flag: 1,
    clock: 'synced',
    intervalS: 600,
    maintenance: false,
    ...differs,
  };
}

function play(samples: readonly Sample[], at: EpisodeSite = site) {
  let fold = emptyFold;
  const closed: ClosedEpisode[] = [];
  for (const sample of samples) {
    const step = foldEpisodes(fold, readingOf(sample), at);
    fold = step.fold;
    closed.push(...step.closed);
  }
  return { fold, closed };
}

const minuteOf = (ms: number) => (ms - startMs) / minuteMs;
/** [severity, since, until or null, peak]. */
function told(samples: readonly Sample[], at?: EpisodeSite): unknown[] {
  const { fold, closed } = play(samples, at);
  return [
    ...closed.map((each) => [each.severity, minuteOf(each.sinceMs), minuteOf(each.untilMs), each.peakStageMm]),
    ...fold.open.flatMap((each, i) => (each === null ? [] : [[i + 1, minuteOf(each.sinceMs), null, each.peakStageMm]])),
  ];
}

/** Readings each 10 min from `minute` on. */
const every10 = (minute: number, ...stages: number[]): Sample[] =>
  stages.map((stageMm, i) => [minute + 10 * i, stageMm] as const);

describe('beginning', () => {
  test('two of the last three, since the first of them; a limit belongs to the band above it', () => {
    expect(told(every10(0, 900, 1000, 999, 1000))).toEqual([[1, 10, null, 1000]]);
    expect(told(every10(0, 900, 1000))).toEqual([]);
    expect(told(every10(0, 900, 1000, 999, 999, 1000))).toEqual([]);
  });

  test('one isolated spike is no episode, however high', () => {
    expect(told(every10(0, 500, 3900, 500, 500, 3900, 500))).toEqual([]);
  });

  test('each severity is an episode of its own, one within the other', () => {
    const samples = every10(0, 900, 1500, 2100, 3100, 3200, 2500, 2500, 2500, 2500, 900, 900, 900, 900);
    expect(told(samples)).toEqual([
      [3, 30, 50, 3200],
      [1, 10, 90, 3200],
      [2, 20, 90, 3200],
    ]);
    expect(play(samples).closed.map(({ readings, bandLabel }) => [readings, bandLabel])).toEqual([
      [2, 'Siaga 1'],
      [8, 'Siaga 3'],
      [7, 'Siaga 2'],
    ]);
  });

  test('what lies behind a gap confirms nothing; the longer of two intervals counts', () => {
    expect(
      told([
        [0, 1100],
        [41, 1100],
      ]),
    ).toEqual([]);
    expect(
      told([
        [0, 1100],
        [40, 1100],
      ]),
    ).toEqual([[1, 0, null, 1100]]);
    expect(
      told([
        [0, 1100, { intervalS: 60 }],
        [40, 1100],
      ]),
    ).toEqual([[1, 0, null, 1100]]);
    expect(
      told([
        [0, 1100],
        [41, 1100],
        [51, 1100],
      ]),
    ).toEqual([[1, 41, null, 1100]]);
  });
});

describe('ending', () => {
  const flood = every10(0, 1100, 1200);

  test('half an hour below the dead-band, since its first reading; within the dead-band it lasts', () => {
    expect(told([...flood, ...every10(20, 950, 950, 950, 950, 950)])).toEqual([[1, 0, null, 1200]]);
    expect(told([...flood, ...every10(20, 949, 949, 949)])).toEqual([[1, 0, null, 1200]]);
    expect(told([...flood, ...every10(20, 949, 949, 949, 949)])).toEqual([[1, 0, 20, 1200]]);
    expect(told([...flood, ...every10(20, 949, 949, 960, 949, 949, 949, 949)])).toEqual([[1, 0, 50, 1200]]);
  });

  test('what interrupts the fall belongs to the episode', () => {
    const { closed } = play([...flood, ...every10(20, 900, 1300, 900, 900, 900, 900)]);
    expect(closed).toMatchObject([{ readings: 4, peakStageMm: 1300, settledAtMs: startMs + 70 * minuteMs }]);
  });

  test('silence ends nothing: above after it, it lasted; below, it was over by then', () => {
    expect(told([...flood, [2000, 1100]])).toEqual([[1, 0, null, 1200]]);
    expect(told([...flood, ...every10(2000, 900, 900, 900, 900)])).toEqual([[1, 0, 2000, 1200]]);
    // Below on both sides of a gap, and nothing speaks against it.
    expect(told([...flood, [20, 900], [2000, 900]])).toEqual([[1, 0, 20, 1200]]);
    expect(told([...flood, [20, 900], [2000, 1100]])).toEqual([[1, 0, null, 1200]]);
  });
});

describe('what weighs', () => {
  test('flags 4 and 9 and maintenance weigh nothing, flag 3 counts', () => {
    expect(
      told([
        [0, 1100],
        [10, 1100, { flag: 4 }],
        [20, 900],
        [30, 900],
      ]),
    ).toEqual([]);
    expect(
      told([
        [0, 1100, { maintenance: true }],
        [10, 1100, { maintenance: true }],
      ]),
    ).toEqual([]);
    expect(
      told([
        [0, 1100, { flag: 3 }],
        [10, 1100, { flag: 3 }],
      ]),
    ).toEqual([[1, 0, null, 1100]]);
    expect(told([[0, 0, { flag: 9, distanceMm: null, echo: 'none' }], ...every10(10, 1100, 1100)])).toEqual([
      [1, 10, null, 1100],
    ]);
  });

  test('another gauge changes nothing', () => {
    expect(play([[0, 1100, { gauge: 'second' }]]).fold).toBe(emptyFold);
  });

  test('blanking after a rise is at least so much: it raises, holds, and is the peak', () => {
    const blanking = { echo: 'blanking' } as const;
    const { fold } = play([...every10(0, 2500, 2700, 2900), [30, 3100, blanking], [40, 3050, blanking]]);
    expect(fold.open[2]).toMatchObject({ peakStageMm: 3100, peakAtLeast: true, readings: 2 });
    expect(told([...every10(0, 500, 500, 500), [30, 3100, blanking], [40, 3100, blanking]])).toEqual([]);
    // "At least" below a limit says nothing of whether the water is above it.
    const higher = episodeSite({ ...station, thresholds: [threshold(3, 3200)] });
    const samples: Sample[] = [
      ...every10(0, 3250, 3250),
      ...[20, 30, 40, 50, 60].map((m) => [m, 3100, blanking] as const),
    ];
    expect(told(samples, higher)).toEqual([[3, 0, null, 3250]]);
  });
});

describe('what is dated', () => {
  test('each reading is judged by the limits of its day; where they end, nothing is above them', () => {
    const at = startMs + 30 * minuteMs;
    const lowered = episodeSite({ ...station, thresholds: [threshold(1, 1000, 0, at), threshold(1, 600, at)] });
    expect(told(every10(0, 700, 700, 700, 700, 700), lowered)).toEqual([[1, 30, null, 700]]);
    const ended = episodeSite({ ...station, thresholds: [threshold(1, 600, 0, at)] });
    expect(told(every10(0, 700, 700, 700, 700, 700), ended)).toEqual([[1, 0, 30, 700]]);
    const renewed = episodeSite({ ...station, thresholds: [threshold(1, 600, 0, at), threshold(1, 600, at)] });
    expect(renewed.periods).toHaveLength(2);
    expect(told(every10(0, 500, 500, 700, 700), renewed)).toEqual([[1, 20, null, 700]]);
  });

  test('each distance is a stage by the calibration of its day', () => {
    const resurveyed = { ...calibration, validFromMs: startMs + 20 * minuteMs, sensorElevationMm: 4500 };
    const moved = episodeSite({ ...station, calibrations: [...station.calibrations, resurveyed] });
    expect(told(every10(0, 700, 700, 700, 700), moved)).toEqual([[1, 20, null, 1200]]);
  });

  test('without limits there is nothing to say', () => {
    expect(told(every10(0, 3500, 3500, 3500), episodeSite({ ...station, thresholds: [] }))).toEqual([]);
  });
});

test('a checkpoint is the fold, at any time of the hour, and short', () => {
  const blanking = { echo: 'blanking' } as const;
  for (const samples of [
    [],
    every10(0, 500),
    [...every10(0, 2500, 2700, 2900), [30, 3100, blanking] as const],
    every10(0, 1100, 1200, 900, 900),
  ] as readonly Sample[][]) {
    const { fold } = play(samples);
    const hour = hourOf(startMs + 40 * minuteMs);
    const text = encodeFold(fold, hour);
    expect(decodeFold(text, hour)).toEqual(fold);
    expect(encodeFold(decodeFold(text, hour), hour)).toBe(text);
    expect(text.length).toBeLessThan(350);
  }
});
