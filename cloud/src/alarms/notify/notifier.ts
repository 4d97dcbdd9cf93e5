/**
 * Tells one person by one channel. Adding a channel is a file with its fake and settings, and a line in `index.ts`.
 * Every notifier keeps to `notifier.contract.ts`.
 */
import type { Priority } from '@siaga/protocol';

/** A message as it is now, ready for any channel: text from outside is text, never markup. */
export type Notice = {
  /** The same notice sent again has the same key: what can recognise it, must. Stable for ever. */
  readonly idempotencyKey: string;
  readonly kind: 'alarm' | 'over' | 'test' | 'watch';
  readonly priority: Priority;
  /** An exercise: the channel marks it by its own means, beside what subject and text say already. */
  readonly drill: boolean;
  readonly deployment: string;
  /** At most 80 characters. */
  readonly subject: string;
  /** Plain text, a few lines, the most important first; `short` is its gist in at most 140 characters for SMS. */
  readonly text: string;
  readonly short: string;
  /** Where to look and acknowledge. No secret in it. */
  readonly link: string | null;
  readonly atMs: number;
  /** For machines: what the webhook carries. */
  readonly data: Readonly<Record<string, unknown>>;
};

/** Where a person is reached by this channel, e.g. an e-mail address or a push subscription. */
export type Address = string;

/**
 * `sent`: the other side has taken it. `retry`: it did not, or nobody can say; try again after `afterS` or as the
 * sender's own pace says. `refused`: this address will never take it (`gone`: forget the address).
 */
export type SendOutcome =
  | { readonly state: 'sent'; readonly reference: string | null }
  | { readonly state: 'retry'; readonly fault: string; readonly afterS: number | null; readonly maybeSent: boolean }
  | { readonly state: 'refused'; readonly fault: string; readonly gone: boolean };

export type Notifier = {
  readonly name: string;
  /** Never throws; ends within its own time limit. Faults name no address and no secret. Calls may overlap. */
  send(notice: Notice, to: Address): Promise<SendOutcome>;
  close(): Promise<void>;
};

/** A channel as the registry lists it: off without its settings, and then says which are missing. */
export type NotifierKind = {
  readonly name: string;
  /** The variables it reads, for docs/operate.md. */
  readonly variables: readonly string[];
  /** Which part of a person's contacts it uses. */
  readonly contact: 'email' | 'phone' | 'telegram' | 'webhook' | 'push';
  open(env: Readonly<Record<string, string | undefined>>): OpenedNotifier;
};
export type OpenedNotifier =
  | { readonly state: 'on'; readonly notifier: Notifier }
  | { readonly state: 'off'; readonly missing: readonly string[] }
  | { readonly state: 'faulty'; readonly faults: readonly string[] };
