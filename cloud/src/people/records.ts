/** What is kept of people: small records, each with one writer. Names and addresses are in these alone. */
import type { Account, Contacts, PersonName, QuietHours, Role, Subscription } from '@siaga/protocol';
import { type Kept, recordKind } from '../ports.ts';

/** An account. A deleted one leaves its id and when it went: `Tombstone`. */
export type StoredAccount = {
  readonly login: string;
  readonly name: string;
  readonly role: Role;
  readonly state: 'invited' | 'active' | 'disabled';
  readonly createdAtMs: number;
  readonly contacts: Contacts;
  readonly subscriptions: readonly Subscription[];
  readonly quietHours: QuietHours | null;
  /** Web push subscriptions, as the browser gave them: JSON. */
  readonly push: readonly string[];
};
export type Tombstone = { readonly deletedAtMs: number };
export const accounts = recordKind<StoredAccount | Tombstone>('account');

/** Which account a login belongs to: its id is the login, so that no two have the same. */
export const logins = recordKind<{ readonly account: string }>('login');

/** What proves who one is; its id is the account's. The password is a hash with its parameters. */
export type Credential = {
  readonly password: string | null;
  /** `lastStep`: the newest time step that a code was taken of, so that none is taken twice. */
  readonly totp: { readonly secret: string; readonly lastStep: number } | null;
};
export const credentials = recordKind<Credential>('credential');
export const noCredential: Credential = { password: null, totp: null };

/** A passkey; its id is the credential's, its subject the account. */
export type Passkey = {
  readonly account: string;
  readonly name: string;
  /** COSE, base64url */
  readonly publicKey: string;
  readonly counter: number;
  readonly createdAtMs: number;
};
export const passkeys = recordKind<Passkey>('passkey');

/** A person as an identity provider knows them; the id is a digest of issuer and subject. */
export const providerSubjects = recordKind<{ readonly account: string }>('oidc-subject');

/** A session; its id is the digest of the token in the cookie, its subject the account. */
export type Session = {
  readonly account: string;
  /** Names it to its owner. */
  readonly name: string;
  /** What signed in, as it called itself. */
  readonly agent: string;
  readonly createdAtMs: number;
  readonly seenAtMs: number;
  readonly provedAtMs: number;
};
export const sessions = recordKind<Session>('session');

/** A token for a program or a wall; its id is the digest of it. */
export type Token = {
  /** Who acts by it, as an account's id would. */
  readonly actor: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAtMs: number;
};
export const tokens = recordKind<Token>('token');

/** When an account or token was last used: apart, because it is written often. */
export const lastSeen = recordKind<{ readonly atMs: number }>('last-seen');

/** A link that makes an account one's own; its id is the digest of the token in it. Used ones are kept till they end. */
export type Invite = {
  readonly kind: 'setup' | 'invite' | 'reset';
  readonly account: string | null;
  readonly expiresAtMs: number;
  readonly used: boolean;
};
export const invites = recordKind<Invite>('invite');

export type KeptAccount = { readonly id: string; readonly version: number; readonly body: StoredAccount };

/** An account that is not deleted. */
export function living(kept: Kept<StoredAccount | Tombstone> | undefined): KeptAccount | undefined {
  return kept !== undefined && 'login' in kept.body ? { ...kept, body: kept.body } : undefined;
}

export function nameOf({ id, body: { name, role } }: KeptAccount): PersonName {
  return { id, name, role };
}

export type AccountParts = {
  readonly account: KeptAccount;
  readonly credential: Credential;
  readonly passkeys: readonly Kept<Passkey>[];
  readonly seenAtMs: number | null;
  readonly locked: boolean;
};

/** An account as its owner and those who manage people see it. */
export function accountOf({ account, credential, passkeys: keys, seenAtMs, locked }: AccountParts): Account {
  const { id, version, body } = account;
  return {
    id,
    login: body.login,
    name: body.name,
    role: body.role,
    state: locked && body.state === 'active' ? 'locked' : body.state,
    createdAt: iso(body.createdAtMs),
    lastSeenAt: seenAtMs === null ? null : iso(seenAtMs),
    hasPassword: credential.password !== null,
    hasTotp: credential.totp !== null,
    passkeys: keys.map((key) => ({ id: key.id, name: key.body.name, createdAt: iso(key.body.createdAtMs) })),
    contacts: body.contacts,
    subscriptions: [...body.subscriptions],
    quietHours: body.quietHours,
    pushDevices: body.push.length,
    version,
  };
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
