/** What people change of their own account. */
import type { Account, Contacts, QuietHours, Subscription } from '@siaga/protocol';
import { type AuditDraft, put, type StateStore } from '../ports.ts';
import type { Accounts } from './accounts.ts';
import { unknownPerson } from './accounts.ts';
import type { Passwords } from './password.ts';
import { passwordFault } from './password-rules.ts';
import { accounts, type Credential, credentials, noCredential, type StoredAccount } from './records.ts';
import { changedMeanwhile, isRefusal, type Refusal, refusal } from './refusal.ts';
import type { Sessions } from './sessions.ts';
import type { SignIn } from './sign-in.ts';
import { mintTotpSecret, stepOf, totpUri } from './totp.ts';

export type OwnChange = {
  readonly version: number;
  readonly name?: string;
  readonly contacts?: Contacts;
  readonly subscriptions?: readonly Subscription[];
  readonly quietHours?: QuietHours | null;
};

export type MeOptions = {
  readonly state: StateStore;
  readonly nowMs: () => number;
  readonly accounts: Accounts;
  readonly passwords: Passwords;
  readonly sessions: Sessions;
  readonly signIn: SignIn;
  /** What authenticator apps show: the deployment's name. */
  readonly issuer: string;
};

/** How long a new TOTP secret waits for its first code. */
const enrolMs = 15 * 60_000;
const mostPushDevices = 10;

export function createMe(options: MeOptions) {
  const { state, nowMs, accounts: all, passwords, sessions, signIn, issuer } = options;
  /** Secrets shown and not yet proved: a restart asks for a new one. */
  const enrolling = new Map<string, { readonly secret: string; readonly untilMs: number }>();

  async function change(
    id: string,
    step: (before: StoredAccount) => StoredAccount,
    audit: Pick<AuditDraft, 'act' | 'after'>,
    version?: number,
  ): Promise<Account | Refusal> {
    const before = await all.find(id);
    if (before === undefined) return unknownPerson;
    if (version !== undefined && version !== before.version) return changedMeanwhile;
    await state.commit({
      nowMs: nowMs(),
      puts: [put({ kind: accounts, id, body: step(before.body), expect: before.version })],
      audit: [{ actor: id, subject: id, ...audit }],
    });
    return all.read(id);
  }

  async function setCredential(
    id: string,
    step: (before: Credential) => Credential,
    act: string,
    removes: Awaited<ReturnType<Sessions['endings']>> = [],
  ): Promise<void> {
    const before = await state.record(credentials, id);
    const body = step(before?.body ?? noCredential);
    await state.commit({
      nowMs: nowMs(),
      puts: [put({ kind: credentials, id, body, expect: before?.version ?? 0 })],
      removes,
      audit: [{ actor: id, act, subject: id }],
    });
  }

  return {
    /** What was changed is on record, not what it was or is: that is personal. */
    update(id: string, { version, ...wish }: OwnChange): Promise<Account | Refusal> {
      const changed = Object.keys(wish);
      return change(
        id,
        (before) => ({ ...before, ...wish }),
        { act: 'account.own-change', after: { changed } },
        version,
      );
    },
    /** Ends every other session. */
    async setPassword(
      id: string,
      session: string,
      wish: { readonly old: string; readonly new: string; readonly address: string },
    ): Promise<Account | Refusal> {
      const account = await all.find(id);
      if (account === undefined) return unknownPerson;
      const { login, name } = account.body;
      const fault = passwordFault(wish.new, [login, name]);
      if (fault !== undefined) return refusal('invalid', fault, 'new');
      const fits = await signIn.isPassword(login, wish.old, wish.address);
      if (isRefusal(fits)) return fits;
      if (!fits) return refusal('invalid', 'The old password is wrong, or was tried too often.', 'old');
      const password = await passwords.hash(wish.new);
      if (isRefusal(password)) return password;
      const others = await sessions.endings(id, session);
      await setCredential(id, (before) => ({ ...before, password }), 'account.password', others);
      await sessions.proved(session);
      return all.read(id);
    },
    /** The secret is told this once; it counts when its first code has come. */
    async beginTotp(id: string): Promise<{ secret: string; uri: string } | Refusal> {
      const account = await all.find(id);
      if (account === undefined) return unknownPerson;
      const secret = mintTotpSecret();
      for (const [key, { untilMs }] of enrolling) if (untilMs <= nowMs()) enrolling.delete(key);
      enrolling.set(id, { secret, untilMs: nowMs() + enrolMs });
      return { secret, uri: totpUri(secret, account.body.login, issuer) };
    },
    async confirmTotp(id: string, code: string): Promise<Account | Refusal> {
      const waiting = enrolling.get(id);
      if (waiting === undefined || waiting.untilMs <= nowMs())
        return refusal('conflict', 'No new authenticator waits for its code: begin again.');
      const lastStep = stepOf(waiting.secret, code);
      if (lastStep === undefined)
        return refusal('invalid', 'The code does not fit: is the clock of the phone right?', 'code');
      enrolling.delete(id);
      const totp = { secret: waiting.secret, lastStep };
      await setCredential(id, (before) => ({ ...before, totp }), 'account.totp-on');
      return all.read(id);
    },
    async removeTotp(id: string): Promise<Account | Refusal> {
      await setCredential(id, (before) => ({ ...before, totp: null }), 'account.totp-off');
      return all.read(id);
    },
    /** `subscription`: the browser's, as JSON; the newest few are kept. */
    addPush(id: string, subscription: string): Promise<Account | Refusal> {
      const endpoint = endpointOf(subscription);
      const others = (push: readonly string[]) => push.filter((each) => endpointOf(each) !== endpoint);
      return change(
        id,
        (before) => ({ ...before, push: [...others(before.push), subscription].slice(-mostPushDevices) }),
        { act: 'account.push-on' },
      );
    },
    /** One device by its endpoint, or all. */
    removePush(id: string, endpoint: string | undefined): Promise<Account | Refusal> {
      const stays = (each: string) => endpoint !== undefined && endpointOf(each) !== endpoint;
      return change(id, (before) => ({ ...before, push: before.push.filter(stays) }), { act: 'account.push-off' });
    },
  };
}

function endpointOf(subscription: string): string {
  return (JSON.parse(subscription) as { endpoint: string }).endpoint;
}
