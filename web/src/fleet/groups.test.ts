import { expect, test } from 'vitest';
import type { FleetEntry } from './fleet-api.ts';
import { groupsOf, settingsOf } from './groups.ts';
import { signedMm } from './words.ts';

const device = (name: string, ...urgencies: FleetEntry['visits'][number]['urgency'][]): FleetEntry => ({
  station: name.toLowerCase(),
  name,
  connected: true,
  healthAt: null,
  firmware: null,
  maintenanceUntil: null,
  visits: urgencies.map((urgency) => ({ code: 'disk', urgency, says: 's', mend: 'm', gauge: null })),
});
const all = [device('Depok', 'now', 'desk'), device('Katulampa', 'soon'), device('Manggarai', 'desk'), device('Pluit')];

test('who must be visited, what is settled from here, and the rest, in the order that came', () => {
  const { visit, desk, well } = groupsOf(all, '');
  expect([visit, desk, well].map((group) => group.map(({ name }) => name))).toEqual([
    ['Depok', 'Katulampa'],
    ['Manggarai'],
    ['Pluit'],
  ]);
});

test('the open one stays where it was opened, though it is well again', () => {
  const { visit, desk, well } = groupsOf(all, '', { station: 'pluit', group: 'visit' });
  expect([visit, desk, well].map((group) => group.map(({ name }) => name))).toEqual([
    ['Depok', 'Katulampa', 'Pluit'],
    ['Manggarai'],
    [],
  ]);
});

test('only those whose name holds what was typed', () => {
  expect(groupsOf(all, ' KATU ').visit.map(({ name }) => name)).toEqual(['Katulampa']);
  expect(groupsOf(all, 'katu').well).toEqual([]);
});

test.each([
  ['sampling.intervalS: 60\nname:  two words \n\non: true', { 'sampling.intervalS': 60, name: 'two words', on: true }],
  ['a: -1.5', { a: -1.5 }],
  ['', undefined],
  ['no colon', undefined],
  ['a: 1\nb:', undefined],
])('settings %j', (text, settings) => expect(settingsOf(text)).toEqual(settings));

test('a difference always shows its sign', () => {
  expect([12, -3, 0].map(signedMm)).toEqual(['+12 mm', '−3 mm', '±0 mm']);
});
