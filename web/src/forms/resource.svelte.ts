import type { FeedFault, Fetched } from '../feed/client.ts';

/** Something fetched that can be fetched again: the newest answer counts, an older one on its way is dropped. */
export class Resource<T> {
  value = $state.raw<T>();
  fault = $state.raw<FeedFault>();
  busy = $state(false);
  readonly #fetch: () => Promise<Fetched<T>>;
  #newest = 0;

  constructor(fetch: () => Promise<Fetched<T>>) {
    this.#fetch = fetch;
  }

  /** What was shown stays until the answer is here, and stays when there is none. */
  async load(): Promise<void> {
    const own = ++this.#newest;
    this.busy = true;
    const outcome = await this.#fetch();
    if (own !== this.#newest) return;
    this.busy = false;
    this.fault = outcome.ok ? undefined : outcome.fault;
    if (outcome.ok) this.value = outcome.value;
  }
}
