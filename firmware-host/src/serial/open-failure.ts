/**
 * Why a serial line could not be opened, in the words of someone who can mend it. Pure.
 *
 * The binding gives the system's error only as text: `Error: No such file or directory, cannot open /dev/…`,
 * `Error Resource temporarily unavailable Cannot lock port`.
 */
import type { LineProblem } from '@siaga/protocol';

export type OpenFailure = { readonly problem: LineProblem | null; readonly reason: string };

const signs: readonly { readonly sign: RegExp; readonly problem: LineProblem | null; readonly reason: string }[] = [
  {
    sign: /No such (file|device)|ENOENT|ENXIO|ENODEV|Input\/output error, cannot open/,
    problem: 'node-missing',
    reason: 'is not there: is the adapter plugged in?',
  },
  {
    sign: /Permission denied|Operation not permitted|EACCES|EPERM/,
    problem: 'no-permission',
    reason: 'may not be opened by this user: add it to the group dialout',
  },
  {
    sign: /Cannot lock port|Device or resource busy|EBUSY/,
    problem: 'foreign-owner',
    reason: 'is held by another program',
  },
  { sign: /Inappropriate ioctl|ENOTTY|Is a directory/, problem: null, reason: 'is no serial line' },
];

/** `message`: what the binding said of `path`. */
export function openFailure(path: string, message: string): OpenFailure {
  const known = signs.find(({ sign }) => sign.test(message));
  if (known) return { problem: known.problem, reason: `${path} ${known.reason}` };
  return { problem: null, reason: message.replace(/^Error:? */, '') };
}
