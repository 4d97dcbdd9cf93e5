import type { Works } from '@siaga/protocol';
import { expect, it } from 'vitest';
import { found, noonMs, type Scene, samples } from './testing.ts';

type State = Works['pumps'][number]['state'];
const works = (...states: State[]): Works => ({
  gates: [],
  pumps: states.map((state, i) => ({ name: `P${i + 1}`, state })),
  enteredAt: new Date(noonMs - 3_600_000).toISOString(),
  by: 'abcdefgh',
});
const pump = (states: State[], rateMmPer10Min: number | null, scene: Partial<Scene> = {}) =>
  found(
    {
      nowMin: 0,
      kind: 'pump-basin',
      works: works(...states),
      samples: samples(100, 130, 160),
      value: { rateMmPer10Min },
      ...scene,
    },
    'pump-stopped',
  )[0];

it('raises when a pump stands while the basin rises, at top priority when all do', () => {
  expect(pump(['running', 'stopped'], 30)).toMatchObject({
    signal: 'on',
    list: 'flood',
    priority: 'medium',
    headline: 'Katulampa: P2 stopped, basin rises 3 cm/10 min to 16 cm',
  });
  expect(pump(['out-of-service', 'stopped'], 30)).toMatchObject({ signal: 'on', priority: 'high' });
});

it('holds while the basin stands or is not seen, and goes when it falls or the pump runs', () => {
  expect(pump(['stopped'], 10)).toMatchObject({ signal: 'hold' });
  expect(pump(['stopped'], 30, { nowMin: 20 })).toMatchObject({ signal: 'hold' });
  expect(pump(['stopped'], -10)).toBeUndefined();
  expect(pump(['running'], 300)).toBeUndefined();
  expect(pump([], 300, { works: null })).toBeUndefined();
});
