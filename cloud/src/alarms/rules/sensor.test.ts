import type { Echo, Flag } from '@siaga/protocol';
import { describe, expect, it } from 'vitest';
import { found, samples } from './testing.ts';

const weightless = (minutes: number, echo: Echo, flag: Flag) => [
  ...samples(300, 310),
  ...Array.from({ length: minutes }, (_, i) => ({ atMin: i + 1, echo, flag })),
];

describe('sensor', () => {
  it.each([
    ['none', 'the sensor hears no echo'],
    ['dead', 'the sensor is dead'],
    ['seen', 'readings fail their tests'],
  ] as const)('tells of echo %s after twenty minutes of nothing that weighs', (echo, words) => {
    expect(found({ nowMin: 19, samples: weightless(19, echo, 4) }, 'sensor')).toEqual([]);
    const [condition] = found({ nowMin: 20, samples: weightless(20, echo, 4) }, 'sensor');
    expect(condition).toMatchObject({ list: 'health', priority: 'low' });
    expect(condition?.headline).toContain(words);
  });

  it('leaves it to the silence rule when nothing comes any more', () => {
    expect(found({ nowMin: 60, samples: weightless(20, 'dead', 9) }, 'sensor')).toEqual([]);
    expect(found({ nowMin: 60, samples: weightless(20, 'dead', 9) }, 'silence')).toHaveLength(1);
  });
});

describe('blocked', () => {
  it('a sudden jump into blanking is an urgent check, at once and as no flood', () => {
    const jump = [...samples(500, 500, 500), { atMin: 1, distanceMm: 300, echo: 'blanking' as const }];
    expect(found({ nowMin: 1, samples: jump }, 'blocked')).toMatchObject([
      {
        list: 'health',
        priority: 'medium',
        headline: 'Katulampa: sensor possibly blocked, by a sudden jump, before that 50 cm',
      },
    ]);
    expect(found({ nowMin: 1, samples: samples(500, 500, 500) }, 'blocked')).toEqual([]);
  });
});
