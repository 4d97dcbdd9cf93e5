/** Why an act was not done, for the person who wanted it. */
export type Refusal = {
  readonly refused: 'invalid' | 'not-signed-in' | 'forbidden' | 'not-found' | 'conflict' | 'too-often';
  readonly detail: string;
  readonly field?: string;
  /** With `too-often`. */
  readonly retryAfterS?: number;
};

export function refusal(refused: Refusal['refused'], detail: string, field?: string): Refusal {
  return { refused, detail, ...(field === undefined ? {} : { field }) };
}

export function isRefusal(outcome: unknown): outcome is Refusal {
  return typeof outcome === 'object' && outcome !== null && 'refused' in outcome;
}

export const changedMeanwhile = refusal('conflict', 'It was changed by someone else meanwhile: look again.', 'version');
