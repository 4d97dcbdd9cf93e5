/** People: accounts, how they sign in, and what tokens and links stand for them. */
import type { PersonName } from '@siaga/protocol';
import type { StateStore } from '../ports.ts';
import { createInvites } from './invites.ts';
import { createLockOut } from './lock-out.ts';
import { createPasswords } from './password.ts';
import { accounts, living, nameOf } from './records.ts';
import { createSessions } from './sessions.ts';
import { createSetup } from './setup.ts';
import { createSignIn, type SignInOptions } from './sign-in.ts';

export { welcomeLink } from './invites.ts';
export { setupLinkFile } from './link-file.ts';

export type PeopleOptions = {
  readonly state: StateStore;
  readonly nowMs: () => number;
  readonly onRefused?: SignInOptions['onRefused'];
  /** The first account was made. */
  readonly onSetUp?: () => void;
};

export function createPeople(options: PeopleOptions) {
  const { state, nowMs, onRefused = () => {}, onSetUp = () => {} } = options;
  const passwords = createPasswords();
  const lockOut = createLockOut(nowMs);
  const sessions = createSessions({ state, nowMs });
  const invites = createInvites({ state, nowMs, passwords, sessions, onSetUp });
  const setup = createSetup({ state, nowMs, invites });
  const signIn = createSignIn({ state, nowMs, passwords, lockOut, sessions, onRefused });
  return {
    sessions,
    invites,
    setup,
    signIn,
    /** Everyone who has an account, disabled ones too: the past names them. */
    async names(): Promise<PersonName[]> {
      const all = (await state.records(accounts)).map(living);
      return all.flatMap((account) => (account === undefined ? [] : [nameOf(account)]));
    },
  };
}
export type People = ReturnType<typeof createPeople>;
