import type { PersonName } from '@siaga/protocol';
import { peopleWords } from './words.ts';

/** Who acted, by name: a person, the machine, or somebody whose account was deleted since. */
export function actorText(actor: string, people: ReadonlyMap<string, PersonName> | undefined): string {
  if (actor === 'machine') return peopleWords.audit.machine;
  if (actor === 'shell') return peopleWords.audit.shell;
  return people?.get(actor)?.name ?? peopleWords.audit.formerPerson(actor);
}
