/** Accounts, as those who manage people see and change them. */
import type { Account, Contacts, PersonName, Role } from '@siaga/protocol';
import { put, type StateStore } from '../ports.ts';
import type { Invites } from './invites.ts';
import type { LockOut } from './lock-out.ts';
import {
  accountOf,
  accounts,
  credentials,
  invites as inviteKind,
  type KeptAccount,
  lastSeen,
  living,
  logins,
  nameOf,
  noCredential,
  passkeys,
  providerSubjects,
  type StoredAccount,
} from './records.ts';
import { changedMeanwhile, type Refusal, refusal } from './refusal.ts';
import { mintId } from './secrets.ts';
import type { Sessions } from './sessions.ts';

export type NewPerson = {
  readonly login: string;
  readonly name: string;
  readonly role: Role;
  readonly contacts?: Contacts;
};
export type PersonChange = {
  readonly version: number;
  readonly name?: string;
  readonly role?: Role;
  readonly state?: 'active' | 'disabled';
};

/** Whom the alarms' messages can be for. */
export type Reachable = Pick<
  StoredAccount,
  'name' | 'role' | 'state' | 'contacts' | 'subscriptions' | 'quietHours' | 'push'
> & {
  readonly id: string;
};

export type AccountsOptions = {
  readonly state: StateStore;
  readonly nowMs: () => number;
  readonly invites: Invites;
  readonly sessions: Sessions;
  readonly lockOut: LockOut;
};

export const unknownPerson = refusal('not-found', 'There is no such account.', 'id');
const lastAdmin = refusal('conflict', 'This is the last admin who can sign in: make another one first.');

export function createAccounts({ state, nowMs, invites, sessions, lockOut }: AccountsOptions) {
  async function all(): Promise<KeptAccount[]> {
    return (await state.records(accounts)).flatMap((kept) => living(kept) ?? []);
  }

  async function find(id: string): Promise<KeptAccount | undefined> {
    return living(await state.record(accounts, id));
  }

  async function withParts(account: KeptAccount): Promise<Account> {
    const { id, body } = account;
    return accountOf({
      account,
      credential: (await state.record(credentials, id))?.body ?? noCredential,
      passkeys: await state.records(passkeys, { subject: id }),
      seenAtMs: (await state.record(lastSeen, id))?.body.atMs ?? null,
      locked: lockOut.isLocked(body.login),
    });
  }

  async function read(id: string): Promise<Account | Refusal> {
    const account = await find(id);
    return account === undefined ? unknownPerson : withParts(account);
  }

  /** Whether nobody but `id` could manage people. */
  async function isLastAdmin({ id, body }: KeptAccount): Promise<boolean> {
    if (body.role !== 'admin' || body.state !== 'active') return false;
    return !(await all()).some(
      (other) => other.id !== id && other.body.role === 'admin' && other.body.state === 'active',
    );
  }

  /** One after the other: two admins who take each other's role at once must not both find the other one there. */
  let turn: Promise<unknown> = Promise.resolve();
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = turn.then(work);
    turn = done.catch(() => {});
    return done;
  }

  async function canSignIn(id: string): Promise<boolean> {
    if ((await state.record(credentials, id)) !== undefined) return true;
    return (await state.records(providerSubjects, { subject: id, limit: 1 })).length > 0;
  }

  return {
    find,
    read,
    /** By login. */
    async list(): Promise<Account[]> {
      const kept = (await all()).sort((a, b) => (a.body.login < b.body.login ? -1 : 1));
      return Promise.all(kept.map(withParts));
    },
    async byLogin(login: string): Promise<KeptAccount | undefined> {
      const found = await state.record(logins, login);
      return found === undefined ? undefined : find(found.body.account);
    },
    /** Everyone who has an account, disabled ones too: the past names them. */
    names: async (): Promise<PersonName[]> => (await all()).map(nameOf),
    /** Every account with where it can be reached: personal data, for the dispatch of messages alone. */
    reachable: async (): Promise<Reachable[]> => (await all()).map(({ id, body }) => ({ id, ...body })),
    /** An account that waits for its owner, and the token of the link for them. */
    async create(
      actor: string,
      { login, name, role, contacts = {} }: NewPerson,
    ): Promise<{ account: Account; token: string } | Refusal> {
      if ((await state.record(logins, login)) !== undefined)
        return refusal('conflict', `The login ${login} is taken.`, 'login');
      const id = mintId();
      const body: StoredAccount = {
        login,
        name,
        role,
        contacts,
        state: 'invited',
        createdAtMs: nowMs(),
        subscriptions: [],
        quietHours: null,
        push: [],
      };
      const { token, puts } = await invites.minting('invite', id);
      await state.commit({
        nowMs: nowMs(),
        puts: [
          put({ kind: accounts, id, body, expect: 0 }),
          put({ kind: logins, id: login, body: { account: id }, expect: 0 }),
          ...puts,
        ],
        audit: [{ actor, act: 'account.create', subject: id, after: { role } }],
      });
      return { account: await withParts({ id, version: 1, body }), token };
    },
    /** A new role, or being disabled, ends the person's sessions. `force`: even the last admin's. */
    update: (actor: string, id: string, change: PersonChange, force = false): Promise<Account | Refusal> =>
      inTurn(async () => {
        const before = await find(id);
        if (before === undefined) return unknownPerson;
        if (change.version !== before.version) return changedMeanwhile;
        const { name = before.body.name, role = before.body.role, state: wanted } = change;
        if (wanted === 'active' && before.body.state === 'invited')
          return refusal('conflict', 'The account becomes active when its owner takes up the link.', 'state');
        const back = (await canSignIn(id)) ? 'active' : 'invited';
        const next = wanted === 'active' && before.body.state === 'disabled' ? back : (wanted ?? before.body.state);
        if (!force && (role !== 'admin' || next !== 'active') && (await isLastAdmin(before))) return lastAdmin;
        const body: StoredAccount = { ...before.body, name, role, state: next };
        const other = role !== before.body.role || (next === 'disabled' && before.body.state !== 'disabled');
        await state.commit({
          nowMs: nowMs(),
          puts: [put({ kind: accounts, id, body, expect: before.version })],
          removes: other ? await sessions.endings(id) : [],
          audit: [
            {
              actor,
              act: 'account.change',
              subject: id,
              before: { role: before.body.role, state: before.body.state },
              after: { role, state: next, renamed: name !== before.body.name },
            },
          ],
        });
        return read(id);
      }),
    /** Leaves the id alone: what the past says of it has no name any more. */
    remove: (actor: string, id: string): Promise<Refusal | undefined> =>
      inTurn(async () => {
        const before = await find(id);
        if (before === undefined) return unknownPerson;
        if (await isLastAdmin(before)) return lastAdmin;
        const keys = await state.records(passkeys, { subject: id });
        const links = await state.records(inviteKind, { subject: id });
        const subjects = await state.records(providerSubjects, { subject: id });
        await state.commit({
          nowMs: nowMs(),
          puts: [put({ kind: accounts, id, body: { deletedAtMs: nowMs() }, closed: true, expect: before.version })],
          removes: [
            ...(await sessions.endings(id)),
            { kind: logins, id: before.body.login },
            { kind: credentials, id },
            { kind: lastSeen, id },
            ...keys.map((key) => ({ kind: passkeys, id: key.id })),
            ...links.map((link) => ({ kind: inviteKind, id: link.id })),
            ...subjects.map((subject) => ({ kind: providerSubjects, id: subject.id })),
          ],
          audit: [{ actor, act: 'account.delete', subject: id, before: { role: before.body.role } }],
        });
        return undefined;
      }),
    /** A new link: an invitation again, or for who has lost what they sign in with. */
    async invite(actor: string, id: string): Promise<{ token: string } | Refusal> {
      const account = await find(id);
      if (account === undefined) return unknownPerson;
      if (account.body.state === 'disabled')
        return refusal('conflict', 'The account is disabled: make it active first.', 'state');
      const kind = account.body.state === 'invited' ? 'invite' : 'reset';
      const { token, puts } = await invites.minting(kind, id);
      await state.commit({ nowMs: nowMs(), puts, audit: [{ actor, act: `account.${kind}-link`, subject: id }] });
      return { token };
    },
  };
}
export type Accounts = ReturnType<typeof createAccounts>;
