/** Links that make an account one's own: for the first admin, for who was invited, and after a lost password. */
import type { Contacts, PersonName, Role, Subscription } from '@siaga/protocol';
import { isPlatformError } from '../errors.ts';
import { type Kept, type Put, put, type StateStore } from '../ports.ts';
import type { Passwords } from './password.ts';
import { passwordFault } from './password-rules.ts';
import {
  accounts,
  credentials,
  type Invite,
  invites,
  living,
  logins,
  nameOf,
  noCredential,
  passkeys,
  type StoredAccount,
} from './records.ts';
import { changedMeanwhile, isRefusal, type Refusal, refusal } from './refusal.ts';
import { digestOf, mintId, mintSecret } from './secrets.ts';
import type { Sessions } from './sessions.ts';

const hourMs = 3_600_000;
const slackMs = 120_000;
const lastsMs = { setup: 24 * hourMs, invite: 72 * hourMs, reset: 72 * hourMs } as const;

/** Where a link leads: a fragment never reaches a server's log. */
export function welcomeLink(origin: string, token: string): string {
  return `${origin}/#welcome=${token}`;
}

export type InviteLook = {
  readonly kind: Invite['kind'];
  readonly login: string | null;
  readonly name: string | null;
  readonly role: Role;
};

export type Acceptance = {
  readonly token: string;
  readonly login?: string;
  readonly name?: string;
  readonly password: string;
  readonly email?: string;
  /** Subscribes to everything, by e-mail. */
  readonly tellMe?: boolean;
};

export type InvitesOptions = {
  readonly state: StateStore;
  readonly nowMs: () => number;
  readonly passwords: Passwords;
  readonly sessions: Sessions;
  /** The first account was made. */
  readonly onSetUp: () => void;
};

const spent = refusal('not-found', 'This link was used already, or is too old: ask for another one.', 'token');

export function createInvites({ state, nowMs, passwords, sessions, onSetUp }: InvitesOptions) {
  async function find(token: string) {
    const invite = await state.record(invites, digestOf(token));
    if (invite === undefined || invite.body.used) return undefined;
    const { account: id, kind, expiresAtMs } = invite.body;
    // Longer than any link lasts, too: the clock was set back since.
    if (expiresAtMs <= nowMs() || expiresAtMs > nowMs() + lastsMs[kind] + slackMs) return undefined;
    const account = id === null ? undefined : living(await state.record(accounts, id));
    if (id !== null && (account === undefined || account.body.state === 'disabled')) return undefined;
    return { invite, account };
  }

  /** What ends the links that are still good for `subject`. */
  async function endings(subject: string): Promise<Put[]> {
    const open = await state.records(invites, { subject, open: true });
    return open.map((invite) => closing(invite, subject));
  }

  return {
    /** A new link's token, and what makes it good; older ones for the same end, unless they are to be kept. */
    async minting(
      kind: Invite['kind'],
      account: string | null,
      older: 'end' | 'keep' = 'end',
    ): Promise<{ token: string; puts: Put[] }> {
      const token = mintSecret();
      const subject = account ?? 'setup';
      const expiresAtMs = nowMs() + lastsMs[kind];
      const body: Invite = { kind, account, expiresAtMs, used: false };
      const made = put({ kind: invites, id: digestOf(token), body, subject, atMs: expiresAtMs, expect: 0 });
      return { token, puts: [...(older === 'end' ? await endings(subject) : []), made] };
    },
    async look(token: string): Promise<InviteLook | Refusal> {
      const found = await find(token);
      if (found === undefined) return spent;
      const { invite, account } = found;
      return {
        kind: invite.body.kind,
        login: account?.body.login ?? null,
        name: account?.body.name ?? null,
        role: account?.body.role ?? 'admin',
      };
    },
    /** Makes the account its bearer's own and signs in. Of two at once with the same link one is refused. */
    async accept(wish: Acceptance, agent: string): Promise<{ session: string; account: PersonName } | Refusal> {
      const found = await find(wish.token);
      if (found === undefined) return spent;
      const { invite, account } = found;
      const settled = profileOf(wish, account?.body, nowMs());
      if (isRefusal(settled)) return settled;
      const fault = passwordFault(wish.password, [settled.login, settled.name]);
      if (fault !== undefined) return refusal('invalid', fault, 'password');
      const taken = account === undefined ? await state.record(logins, settled.login) : undefined;
      if (taken !== undefined) return refusal('conflict', 'This login is taken: choose another one.', 'login');
      const password = await passwords.hash(wish.password);
      if (isRefusal(password)) return password;

      const id = account?.id ?? mintId();
      const subject = invite.body.account ?? 'setup';
      const opening = sessions.opening(id, agent);
      const login = put({ kind: logins, id: settled.login, body: { account: id }, expect: 0 });
      const keys = account === undefined ? [] : await state.records(passkeys, { subject: id });
      try {
        await state.commit({
          nowMs: nowMs(),
          puts: [
            // Of two who use it at once, the second finds another version.
            closing(invite, subject),
            ...(await endings(subject)).filter((each) => each.id !== invite.id),
            put({ kind: accounts, id, body: settled, expect: account?.version ?? 0 }),
            put({ kind: credentials, id, body: { ...noCredential, password } }),
            ...(account === undefined ? [login] : []),
            ...(opening.work.puts ?? []),
          ],
          // Whoever sent a new link vouches for the person: what they signed in with before is no more good.
          removes: [...(await sessions.endings(id)), ...keys.map((key) => ({ kind: passkeys, id: key.id }))],
          audit: [
            { actor: id, act: `account.${invite.body.kind}-accepted`, subject: id, after: { role: settled.role } },
          ],
        });
      } catch (error) {
        if (isPlatformError(error) && error.code === 'state-conflict') return changedMeanwhile;
        throw error;
      }
      if (invite.body.kind === 'setup') onSetUp();
      return { session: opening.token, account: nameOf({ id, version: 1, body: settled }) };
    },
    /** Forgets links that are over. */
    async prune(): Promise<void> {
      const over = await state.records(invites, { toMs: nowMs() });
      if (over.length > 0)
        await state.commit({ nowMs: nowMs(), removes: over.map(({ id }) => ({ kind: invites, id })) });
    },
  };
}
export type Invites = ReturnType<typeof createInvites>;

function closing(invite: Kept<Invite>, subject: string): Put {
  const { id, version, body } = invite;
  return put({
    kind: invites,
    id,
    body: { ...body, used: true },
    subject,
    atMs: body.expiresAtMs,
    closed: true,
    expect: version,
  });
}

/** The account as it will be, from what it was and what the person wrote. */
function profileOf(wish: Acceptance, before: StoredAccount | undefined, nowMs: number): StoredAccount | Refusal {
  const { login = before?.login, name = before?.name, email, tellMe = false } = wish;
  if (login === undefined) return refusal('invalid', 'Choose a login to sign in with.', 'login');
  if (before !== undefined && login !== before.login)
    return refusal('invalid', `The link is for ${before.login}: its login stays.`, 'login');
  if (name === undefined) return refusal('invalid', 'Say what you are called.', 'name');
  const contacts: Contacts = { ...before?.contacts, ...(email === undefined ? {} : { email }) };
  if (tellMe && contacts.email === undefined)
    return refusal('invalid', 'To be told by e-mail, give an address.', 'email');
  const all: Subscription = { basins: [], minPriority: 'low', lists: ['flood', 'health'], channels: ['email'] };
  return {
    role: 'admin',
    createdAtMs: nowMs,
    quietHours: null,
    push: [],
    ...before,
    login,
    name,
    contacts,
    subscriptions: [...(before?.subscriptions ?? []), ...(tellMe ? [all] : [])],
    state: 'active',
  };
}
