import type { PersonName } from '@siaga/protocol';
import { fetchNames } from './people-api.ts';

type Names = ReadonlyMap<string, PersonName>;

/** Who is there, by id: as the picture said when it was taken, and anew since whenever `load` was called. */
export class PeopleNames {
  #fetched = $state.raw<Names>();
  readonly byId: Names;
  /** Those who can sign in, by name: no walls and agencies. */
  readonly staff: readonly PersonName[];

  constructor(known: () => Names | undefined) {
    this.byId = $derived(new Map([...(known() ?? []), ...(this.#fetched ?? [])]));
    this.staff = $derived(
      [...(this.#fetched ?? this.byId).values()]
        .filter(({ role }) => role !== 'device' && role !== 'agency')
        .sort((a, b) => a.name.localeCompare(b.name)),
    );
  }

  /** People come and go without a change of the picture. What cannot be fetched stays as it was known. */
  async load(): Promise<void> {
    const outcome = await fetchNames();
    if (outcome.ok) this.#fetched = new Map(outcome.value.map((person) => [person.id, person]));
  }
}
