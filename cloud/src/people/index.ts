/** People: accounts, how they sign in, and what tokens and links stand for them. */
import type { StateStore } from '../ports.ts';
import { createAccounts } from './accounts.ts';
import { createInvites } from './invites.ts';
import { createLockOut } from './lock-out.ts';
import { createMe } from './me.ts';
import { createOidc } from './oidc.ts';
import type { OidcSettings } from './oidc-settings.ts';
import { createPasskeys } from './passkeys.ts';
import { createPasswords } from './password.ts';
import { createSessions } from './sessions.ts';
import { createSetup } from './setup.ts';
import { createSignIn, type SignInOptions } from './sign-in.ts';
import { createTokens } from './tokens.ts';

export { welcomeLink } from './invites.ts';
export { setupLinkFile } from './link-file.ts';
export { isRefusal } from './refusal.ts';
export { shell } from './setup.ts';

export type PeopleOptions = {
  readonly state: StateStore;
  readonly nowMs: () => number;
  /** The identity provider, if there is one. */
  readonly oidc?: OidcSettings | null;
  /** The deployment's name, as authenticator apps show it. */
  readonly issuer?: string;
  readonly onRefused?: SignInOptions['onRefused'];
  /** The first account was made. */
  readonly onSetUp?: () => void;
};

export function createPeople(options: PeopleOptions) {
  const { state, nowMs, issuer = 'Siaga', onRefused = () => {}, onSetUp = () => {} } = options;
  const passwords = createPasswords();
  const lockOut = createLockOut(nowMs);
  const sessions = createSessions({ state, nowMs });
  const invites = createInvites({ state, nowMs, passwords, sessions, onSetUp });
  const setup = createSetup({ state, nowMs, invites });
  const signIn = createSignIn({ state, nowMs, passwords, lockOut, sessions, onRefused });
  const accounts = createAccounts({ state, nowMs, invites, sessions, lockOut });
  const me = createMe({ state, nowMs, accounts, passwords, sessions, signIn, issuer });
  const passkeys = createPasskeys({ state, nowMs, accounts, issuer });
  const provider = options.oidc ?? null;
  const oidc = provider === null ? null : createOidc({ settings: provider, state, nowMs, accounts });
  const tokens = createTokens({ state, nowMs });
  return {
    sessions,
    invites,
    setup,
    signIn,
    accounts,
    me,
    passkeys,
    oidc,
    tokens,
    /** For the picture that all staff sees. */
    names: accounts.names,
    /** Forgets sessions and links that are over. */
    async prune(): Promise<void> {
      await sessions.prune();
      await invites.prune();
    },
  };
}
export type People = ReturnType<typeof createPeople>;
