/** Whom and where the dispatcher can tell: what it needs of accounts and channels. */
import { createHash } from 'node:crypto';
import type { Account, Contacts, QuietHours, Role, Subscription } from '@siaga/protocol';
import type { Address, Notifier, NotifierKind } from '../notify/notifier.ts';

/** An account as the people's room gives it; `push` are its push subscriptions. */
export type Person = {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly state: Account['state'];
  readonly contacts: Contacts;
  readonly subscriptions: readonly Subscription[];
  readonly quietHours: QuietHours | null;
  readonly push: readonly string[];
};

/** A way of telling people; `notifier` is null while it is off, and `why` says what is missing. */
export type Channel = {
  readonly name: string;
  readonly contact: NotifierKind['contact'];
  readonly notifier: Notifier | null;
  readonly why: string | null;
};

/**
 * One address of a person. `slot` tells the devices of web push apart; everything else is one address a channel and has
 * none, so that a corrected address takes over what waits for the old one.
 */
export type Reach = { readonly channel: string; readonly slot: string; readonly address: Address };

/**
 * Who may be told anything: an account that signs in. A locked one too: whoever types wrong passwords for somebody must
 * not silence their alarms.
 */
export function isTold({ state, role }: Person): boolean {
  return (state === 'active' || state === 'locked') && role !== 'device';
}

/** Every address by which the channels that are on reach a person. */
export function reachesOf(person: Person, channels: readonly Channel[]): Reach[] {
  return channels.flatMap(({ name, contact, notifier }) => {
    if (notifier === null) return [];
    if (contact === 'push') return person.push.map((address) => ({ channel: name, slot: slotOf(address), address }));
    const address = person.contacts[contact];
    return address === undefined ? [] : [{ channel: name, slot: '', address }];
  });
}

/** Push subscriptions are random and long: a part of their digest names them and gives nothing away. */
function slotOf(address: Address): string {
  return createHash('sha256').update(address).digest('hex').slice(0, 12);
}

/** Enough to see that an address was corrected, too little to find it out: 16 bits. */
export function addressMark(address: Address): string {
  return createHash('sha256').update(address).digest('hex').slice(0, 4);
}
