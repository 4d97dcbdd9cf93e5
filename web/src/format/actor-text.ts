import type { PersonName } from '@siaga/protocol';
import { words } from './words.ts';

export type People = ReadonlyMap<string, PersonName>;

/** Who that was, by name: a person, a program, or somebody whose account is gone: an id that nobody has is a tombstone. */
export function actorText(actor: string, people: People | undefined): string {
  return people?.get(actor)?.name ?? words.actors[actor] ?? words.formerPerson;
}
