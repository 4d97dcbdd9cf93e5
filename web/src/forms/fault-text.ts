import type { FeedFault } from '../feed/client.ts';
import { ageText } from '../format/times.ts';
import { formWords } from './words.ts';

/** Why a request failed, as a person should read it: what happened and what to do. The server's words where it knows more. */
export function faultText(fault: FeedFault): string {
  const { faults } = formWords;
  if (fault.code !== 'refused') return faults[fault.code];
  const { status = 0, detail, retryAfterS } = fault;
  if (status === 429)
    return retryAfterS === undefined ? faults.limitedSoon : faults.limited(ageText(retryAfterS * 1000));
  if (status === 401) return faults.signedOut;
  if (status >= 500) return faults.failed;
  // Without problem details the answer is from something in between, which knows nothing of what was asked.
  if (!detail.startsWith('HTTP ')) return detail;
  return status === 409 ? faults.conflict : faults.refused(detail);
}

/** What is wrong with a form: by the field it belongs to, or with the form as a whole. */
export type FormFaults<F extends string> = Partial<Record<F | 'form', string>>;

/** Puts a fault where it belongs: to the field that the server names if the form has it, else to the whole form. */
export function faultsOf<F extends string>(fault: FeedFault, fields: readonly F[]): FormFaults<F> {
  const named = fault.status === 429 ? undefined : fault.field?.split('.').at(-1);
  const field = fields.find((candidate) => candidate === named);
  const faults: Record<string, string> = field === undefined ? { form: faultText(fault) } : { [field]: fault.detail };
  return faults as FormFaults<F>;
}
