import type { FeedFault, Fetched } from '../feed/client.ts';

/** Runs acts for which the server wants a fresh proof of who one is: asks for it once, then tries again. */
export class Confirmation {
  /** While someone is being asked: call with whether they proved it. */
  asked = $state.raw<(proved: boolean) => void>();

  async run<T>(act: () => Promise<Fetched<T>>): Promise<Fetched<T>> {
    const first = await act();
    if (first.ok || !wantsProof(first.fault)) return first;
    const proved = await new Promise<boolean>((resolve) => {
      this.asked = resolve;
    });
    this.asked = undefined;
    return proved ? act() : first;
  }
}

/** Refused only because it is too long since the person proved who they are. */
export function wantsProof({ status, field }: FeedFault): boolean {
  return status === 403 && field === 'fresh';
}
