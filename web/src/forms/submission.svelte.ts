import { tick } from 'svelte';
import type { FeedFault, Fetched } from '../feed/client.ts';
import { type FormFaults, faultsOf } from './fault-text.ts';

/** One form's way to the server: one sending at a time, and what was wrong with the last. */
export class Submission<F extends string = never> {
  busy = $state(false);
  faults = $state.raw<FormFaults<F>>({});
  readonly #fields: readonly F[];

  /** `fields`: names that the form has, as the server calls them. */
  constructor(fields: readonly F[] = []) {
    this.#fields = fields;
  }

  /** Sends, and shows what was refused; the value where it succeeded. The first field at fault gets the focus. */
  async send<T>(act: () => Promise<Fetched<T>>, form?: HTMLElement): Promise<{ readonly value: T } | undefined> {
    if (this.busy) return undefined;
    this.busy = true;
    this.faults = {};
    const outcome = await act();
    this.busy = false;
    if (outcome.ok) return outcome;
    await this.refuse(outcome.fault, form);
    return undefined;
  }

  async refuse(fault: FeedFault, form?: HTMLElement): Promise<void> {
    await this.mark(faultsOf(fault, this.#fields), form);
  }

  /** Shows faults that were found here, without asking the server. */
  async mark(faults: FormFaults<F>, form?: HTMLElement): Promise<void> {
    // The same fault again is told again.
    this.faults = {};
    await tick();
    this.faults = faults;
    await tick();
    form?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }
}
