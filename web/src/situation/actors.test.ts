import { expect, test } from 'vitest';
import { unknownActors, whoSignIn } from './actors.ts';
import type { Situation } from './apply.ts';

const ani = { id: 'ani00001', name: 'Ani', role: 'operator' } as const;
const by = (id: string) => ({ by: id, at: '2026-01-10T00:00:00Z' });

function seen(people: readonly { readonly id: string }[]) {
  const alarms = [
    { id: '1', acknowledged: by('ani00001'), suppression: null },
    { id: '2', acknowledged: null, suppression: { kind: 'shelved', by: 'budi0001' } },
    { id: '3', acknowledged: by('machine'), suppression: { kind: 'maintenance' } },
  ];
  return {
    stations: new Map([['a', { official: { by: 'sari0001' }, works: null }]]),
    staff: {
      alarms: new Map(alarms.map((alarm) => [alarm.id, alarm])),
      groups: new Map([['g', { acknowledged: by('budi0001') }]]),
      drills: new Map([['d', { startedBy: 'sari0001', participants: ['ani00001', 'tono0001'] }]]),
      people: new Map(people.map((person) => [person.id, person])),
    },
  } as unknown as Situation;
}

test('who acted or takes part and is not among the people is unknown, once; the machine never', () => {
  expect(unknownActors(seen([ani])).sort()).toEqual(['budi0001', 'sari0001', 'tono0001']);
  expect(unknownActors({ ...seen([]), staff: null })).toEqual([]);
});

test('walls and agencies do not sign in', () => {
  const wall = { id: 'wall0001', name: 'A wall', role: 'device' } as const;
  expect(whoSignIn([wall, { ...ani, id: 'zul00001', name: 'Zul' }, ani]).map(({ name }) => name)).toEqual([
    'Ani',
    'Zul',
  ]);
});
