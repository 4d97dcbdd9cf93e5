/** Signing in by login and password, and a code where the account has one. */
import { isPlatformError } from '../errors.ts';
import { put, type StateStore } from '../ports.ts';
import type { LockOut } from './lock-out.ts';
import type { Passwords } from './password.ts';
import { accounts, type Credential, credentials, type KeptAccount, living, logins, noCredential } from './records.ts';
import { isRefusal, type Refusal, refusal } from './refusal.ts';
import type { Sessions } from './sessions.ts';
import { stepOf } from './totp.ts';

export type SignInWish = {
  readonly login: string;
  readonly password: string;
  readonly totp?: string;
  /** Where it came from. */
  readonly address: string;
  readonly agent: string;
};

export type SignInOptions = {
  readonly state: StateStore;
  readonly nowMs: () => number;
  readonly passwords: Passwords;
  readonly lockOut: LockOut;
  readonly sessions: Sessions;
  /** Counts: why somebody was not let in. */
  readonly onRefused: (reason: 'locked-out' | 'wrong' | 'code') => void;
};

/** The same words for an unknown login, a wrong password and a disabled account. */
const wrong = refusal('not-signed-in', 'The login or the password is wrong.');
const codeWanted = refusal('not-signed-in', 'Give the code of your authenticator too.', 'totp');
const codeWrong = refusal('not-signed-in', 'The code is wrong, or was used already: wait for the next one.', 'totp');

export function createSignIn({ state, nowMs, passwords, lockOut, sessions, onRefused }: SignInOptions) {
  async function accountBy(login: string): Promise<KeptAccount | undefined> {
    const found = await state.record(logins, login);
    return found === undefined ? undefined : living(await state.record(accounts, found.body.account));
  }

  /** Proves that it is the person; a code that was taken is noted so that it is not taken twice. */
  async function prove(wish: Omit<SignInWish, 'agent'>): Promise<KeptAccount | Refusal> {
    const { login, password, totp, address } = wish;
    const waitS = lockOut.begin(login, address);
    if (waitS > 0) {
      onRefused('locked-out');
      const detail = 'Too many failures: wait, or ask for a new link.';
      return { ...refusal('too-often', detail), retryAfterS: waitS };
    }
    const account = await accountBy(login);
    const credential = account === undefined ? undefined : await state.record(credentials, account.id);
    const fits = await passwords.verify(password, credential?.body.password ?? null);
    if (isRefusal(fits)) {
      lockOut.undo(login, address);
      return fits;
    }
    if (!fits || account === undefined || account.body.state !== 'active') {
      onRefused('wrong');
      return wrong;
    }
    const { totp: second } = credential?.body ?? noCredential;
    if (second !== null) {
      if (totp === undefined) {
        lockOut.undo(login, address);
        return codeWanted;
      }
      const step = stepOf(second.secret, totp);
      const body: Credential = { ...(credential?.body ?? noCredential), totp: { ...second, lastStep: step ?? 0 } };
      const used =
        step === undefined || step <= second.lastStep || !(await keepStep(account.id, body, credential?.version));
      if (used) {
        onRefused('code');
        return codeWrong;
      }
    }
    lockOut.succeeded(login, address);
    return account;
  }

  /** False where another has used the same code meanwhile. */
  async function keepStep(id: string, body: Credential, expect: number | undefined): Promise<boolean> {
    try {
      const work = put({ kind: credentials, id, body, ...(expect === undefined ? {} : { expect }) });
      await state.commit({ nowMs: nowMs(), puts: [work] });
      return true;
    } catch (error) {
      if (isPlatformError(error) && error.code === 'state-conflict') return false;
      throw error;
    }
  }

  return {
    prove,
    /** Whether it is the account's password; failures count as those of a sign-in. */
    async isPassword(login: string, password: string, address: string): Promise<boolean | Refusal> {
      if (lockOut.begin(login, address) > 0) return false;
      const account = await accountBy(login);
      const credential = account === undefined ? undefined : await state.record(credentials, account.id);
      const fits = await passwords.verify(password, credential?.body.password ?? null);
      if (fits !== false) lockOut.undo(login, address);
      return fits;
    },
    /** The token of a new session. */
    async signIn(wish: SignInWish): Promise<string | Refusal> {
      const account = await prove(wish);
      return isRefusal(account) ? account : open(account.id, wish.agent, 'password');
    },
    open,
  };

  /** Opens a session for who has proved who they are. */
  async function open(
    account: string,
    agent: string,
    by: 'password' | 'passkey' | 'oidc',
    provedAgoMs: number | null = 0,
  ): Promise<string> {
    const opening = sessions.opening(account, agent, provedAgoMs);
    await state.commit({
      nowMs: nowMs(),
      ...opening.work,
      removes: await sessions.surplus(account),
      audit: [{ actor: account, act: 'session.open', subject: account, after: { by } }],
    });
    return opening.token;
  }
}
export type SignIn = ReturnType<typeof createSignIn>;
