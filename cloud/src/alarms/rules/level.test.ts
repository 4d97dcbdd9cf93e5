import { describe, expect, it } from 'vitest';
import { found, noonMs, type Scene, samples } from './testing.ts';

const level = (scene: Scene) => found(scene, 'level').find(({ station }) => station === 'katulampa');
const at = (seconds: number) => seconds / 60;

describe('raise', () => {
  it('raises by two of the last three samples, with the priority of the band', () => {
    expect(level({ nowMin: at(1), samples: samples(700, 820, 830) })).toMatchObject({
      signal: 'on',
      severity: 1,
      priority: 'low',
      sinceMs: noonMs - 60_000,
    });
    expect(level({ nowMin: at(1), samples: samples(1400, 1520, 1490, 1530) })).toMatchObject({ priority: 'medium' });
    expect(level({ nowMin: at(1), samples: samples(1900, 2010, 2010) })).toMatchObject({ priority: 'high' });
  });

  it('says what, how high, how fast and since when, in cm and local time', () => {
    const value = { trend: 'rising', rateMmPer10Min: 180 } as const;
    expect(level({ nowMin: at(1), samples: samples(1960, 2090, 2125), value })?.headline).toBe(
      'Katulampa in Siaga I band: 212 cm, rising 18 cm/10 min, since 18:59 (sensor, provisional)',
    );
  });

  it('waits with a lone sample, and raises when nothing contradicts it within a minute', () => {
    const scene = { samples: samples(790, 800, 815) };
    expect(level({ ...scene, nowMin: at(30) })?.signal).toBe('hold');
    expect(level({ ...scene, nowMin: at(56) })).toMatchObject({ signal: 'on', severity: 1 });
  });

  it('two wild samples with the water between them are no flood; waves about the limit are', () => {
    expect(level({ nowMin: at(1), samples: samples(300, 1400, 300, 1400) })?.signal).not.toBe('on');
    expect(level({ nowMin: at(1), samples: samples(700, 820, 715, 830) })).toMatchObject({ signal: 'on' });
  });

  it('one wild sample below contradicts nothing, two do', () => {
    const wild = samples(790, 800, 815, 300);
    expect(level({ nowMin: at(1), samples: wild })).toMatchObject({ signal: 'on', severity: 1 });
    expect(level({ nowMin: at(1), samples: wild })?.headline).toContain(': 81 cm');
    expect(level({ nowMin: at(1), samples: samples(800, 815, 300, 300) })).toBeUndefined();
    // Nothing follows from three wild ones in a row: the water is back where it was.
    expect(level({ nowMin: at(1), samples: samples(300, -250, 300, 820, 302) })).toBeUndefined();
  });

  it('water that plays about the limit contradicts nothing', () => {
    expect(level({ nowMin: at(1), samples: samples(760, 790, 815, 770) })).toMatchObject({ signal: 'on', severity: 1 });
    expect(level({ nowMin: at(1), samples: samples(600, 700, 815, 700) })).toBeUndefined();
  });

  it('a slow cadence delays nothing', () => {
    const slow = [
      { atMin: -15, stageMm: 500, intervalS: 900 },
      { atMin: 0, stageMm: 2100, intervalS: 900 },
    ];
    expect(level({ nowMin: at(56), samples: slow })).toMatchObject({ signal: 'on', severity: 3 });
  });

  it('a leap that no water makes waits for the next sample, which a minute brings', () => {
    const leap = samples(700, 700, 2100);
    expect(level({ nowMin: at(56), samples: leap })?.signal).toBe('hold');
    expect(level({ nowMin: at(76), samples: leap })).toMatchObject({ signal: 'on', severity: 3 });
    expect(level({ nowMin: at(1), samples: samples(700, 2100, 700) })).toBeUndefined();
  });

  it('what lies behind a gap confirms nothing', () => {
    const gap = [
      ...samples(900, 905).map((sample) => ({ ...sample, atMin: sample.atMin - 80 })),
      { atMin: 0, stageMm: 800 },
    ];
    expect(level({ nowMin: at(1), samples: gap })?.signal).toBe('hold');
  });

  it('a suspect sample counts, a failed one does not', () => {
    const flagged = (flag: 3 | 4) => samples(700, 820, 830).map((sample) => ({ ...sample, flag }));
    expect(level({ nowMin: at(1), samples: flagged(3) })).toMatchObject({ signal: 'on' });
    expect(level({ nowMin: at(1), samples: flagged(4) })?.signal).toBe('hold');
  });

  it('takes a step up by a second pair of samples while a lower band is sure', () => {
    expect(level({ nowMin: at(1), samples: samples(1400, 1480, 1520) })).toMatchObject({
      severity: 1,
      keeps: 'medium',
    });
    expect(level({ nowMin: at(1), samples: samples(1480, 1520, 1530) })).toMatchObject({ severity: 2 });
  });

  it('blanking after a rise is "at least" so much, and a flood alarm at once', () => {
    const rising = [...samples(3900, 4000, 4100), { atMin: 1, distanceMm: 300, echo: 'blanking' as const }];
    expect(level({ nowMin: at(61), samples: rising })).toMatchObject({ signal: 'on', severity: 3, keeps: 'high' });
    expect(level({ nowMin: at(61), samples: rising })?.headline).toContain('at least 420 cm');
  });

  it('blanking by a jump raises no flood alarm', () => {
    const jump = [...samples(500, 500, 500), { atMin: 1, distanceMm: 300, echo: 'blanking' as const }];
    expect(level({ nowMin: at(61), samples: jump })).toBeUndefined();
  });
});

describe('clear', () => {
  // 2 % of the 4200 mm that the sensor can see.
  it('keeps within the dead-band of 84 mm, and lets go below it', () => {
    expect(level({ nowMin: at(1), samples: samples(900, 750, 740, 727) })).toMatchObject({ signal: 'hold' });
    expect(level({ nowMin: at(1), samples: samples(900, 750, 740, 725) })).toBeUndefined();
  });

  it('bounds the dead-band where stages are told above a far datum', () => {
    const datumMm = 350_000;
    expect(level({ nowMin: at(1), datumMm, samples: samples(900, 700, 600, 520) })).toMatchObject({ signal: 'hold' });
    expect(level({ nowMin: at(1), datumMm, samples: samples(900, 700, 600, 500) })).toBeUndefined();
  });

  it('keeps a louder alarm within its dead-band, though a lower band is what stands now', () => {
    const fallen = samples(2050, 2000, 1990, 1930);
    expect(level({ nowMin: at(1), samples: fallen })).toMatchObject({ signal: 'on', severity: 2, keeps: 'high' });
    const further = samples(2050, 2000, 1990, 1925);
    expect(level({ nowMin: at(1), samples: further })).toMatchObject({ signal: 'on', severity: 2, keeps: 'medium' });
  });

  it('takes a wider dead-band from the settings', () => {
    const alarms = 'alarms: { stations: { katulampa: { level: { leastDeadBandMm: 200 } } } }';
    expect(level({ nowMin: at(1), alarms, samples: samples(900, 700, 650, 620) })).toMatchObject({ signal: 'hold' });
  });
});

describe('silence', () => {
  it('neither clears nor raises: whatever was last seen, the alarm that is there is kept', () => {
    for (const scene of [samples(2100, 2110, 2120), samples(300, 300, 300)])
      expect(level({ nowMin: 10, samples: scene })).toMatchObject({ signal: 'hold' });
    expect(level({ nowMin: 10 })).toMatchObject({ signal: 'hold' });
  });

  it('late readings raise nothing: the newest must be younger than the stale limit', () => {
    const late = samples(2100, 2110, 2120).map((sample) => ({ ...sample, atMin: sample.atMin - 120 }));
    expect(level({ nowMin: 0, samples: late })).toMatchObject({ signal: 'hold' });
  });

  it('goes by the time of receipt where the clock is uncertain, and says so', () => {
    const wrong = samples(2100, 2110, 2120).map((sample) => ({
      ...sample,
      atMin: sample.atMin - 600,
      clock: 'unsynced' as const,
    }));
    const value = { receivedAt: new Date(noonMs - 10_000).toISOString() };
    const condition = level({ nowMin: 0, samples: wrong, value });
    expect(condition).toMatchObject({ signal: 'on', severity: 3, sinceMs: noonMs - 10_000 });
    expect(condition?.headline).toContain('clock uncertain');
    expect(condition?.evidence.timesBy).toContain('receipt');
    const old = { receivedAt: new Date(noonMs - 600_000).toISOString() };
    expect(level({ nowMin: 0, samples: wrong, value: old })).toMatchObject({ signal: 'hold' });
  });
});

it('marks what it finds while a technician is at work', () => {
  const working = [...samples(900, 900), { atMin: 1, stageMm: 100, maintenance: true }];
  expect(level({ nowMin: at(61), samples: working })).toMatchObject({ maintenance: true });
});
