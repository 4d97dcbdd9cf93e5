import { expect, test } from 'vitest';
import { pictureOf, valueBefore } from './testing.ts';
import { bySeverity, commonLabels, countStations, matches, viewOf } from './view.ts';

const nowMs = Date.parse(valueBefore.observedAt) + 1000;
const views = [
  viewOf(pictureOf('depok', { severity: 1, bandLabel: 'Siaga III' }), nowMs),
  viewOf(pictureOf('angke', { severity: 3, bandLabel: 'Siaga I', presence: 'stale' }), nowMs),
  viewOf(pictureOf('karet', { severity: null, bandLabel: null }), nowMs),
  viewOf(pictureOf('bekasi', { severity: 3, bandLabel: 'Siaga I' }), nowMs),
  viewOf(pictureOf('pluit', { severity: null, bandLabel: null, presence: 'never' }, null), nowMs),
];

test('the worst come first, then by name; a silent one keeps its place and unjudged ones are last', () => {
  expect([...views].sort(bySeverity).map(({ id }) => id)).toEqual(['angke', 'bekasi', 'depok', 'karet', 'pluit']);
});

test('a silent station is counted as silent only, an unjudged one never as normal', () => {
  expect(countStations(views)).toEqual({ bySeverity: [0, 1, 0, 1], unjudged: 1, silent: 2 });
});

test('a reading that weighs nothing shows no level', () => {
  const view = viewOf(pictureOf('a', { quality: 'none' }, { flag: 4, stageMm: 99_999 }), nowMs);
  expect(view).toMatchObject({ stageMm: null, trend: null, rateMmPer10Min: null, severity: 0 });
});

test('bands are named as the stations name them, if they agree', () => {
  expect(commonLabels(views)).toEqual(['Siaga IV', 'Siaga III', 'Siaga II', 'Siaga I']);
  const other = pictureOf('other');
  const renamed = { ...other, info: { ...other.info, bands: [{ severity: 3, label: 'Flood', fromMm: 5 }] } };
  expect(commonLabels([...views, viewOf(renamed, nowMs)])[3]).toBeUndefined();
});

test('the search finds every word, anywhere, in any case', () => {
  const [depok] = views;
  if (depok === undefined) throw new Error('no station');
  expect(matches(depok, 'DEP cili')).toBe(true);
  expect(matches(depok, 'siaga iii')).toBe(true);
  expect(matches(depok, 'depok tide')).toBe(false);
});
