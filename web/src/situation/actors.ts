import type { PersonName } from '@siaga/protocol';
import type { Situation } from './apply.ts';

/** Ids of those who acted or take part somewhere in the picture without being among its people: they came later. */
export function unknownActors({ stations, staff }: Situation): string[] {
  if (staff === null) return [];
  const acknowledged = [...staff.alarms.values(), ...staff.groups.values()].map((item) => item.acknowledged?.by);
  const suppressed = [...staff.alarms.values()].map(({ suppression }) =>
    suppression && 'by' in suppression ? suppression.by : undefined,
  );
  const declared = [...stations.values()].flatMap(({ official, works }) => [official?.by, works?.by]);
  const drilling = [...staff.drills.values()].flatMap((drill) => [drill.startedBy, ...drill.participants]);
  const actors = new Set([...acknowledged, ...suppressed, ...declared, ...drilling]);
  return [...actors].filter((id) => id !== undefined && id !== 'machine' && !staff.people.has(id)) as string[];
}

/** Those who can sign in, by name: no walls and agencies. */
export function whoSignIn(people: Iterable<PersonName>): PersonName[] {
  return [...people]
    .filter(({ role }) => role !== 'device' && role !== 'agency')
    .sort((a, b) => a.name.localeCompare(b.name));
}
