/**
 * Passkeys (WebAuthn): where the console has a name and is reached by HTTPS, or on this very machine. The device checks
 * its owner itself (user verification), so that a passkey needs no code beside it.
 */
import { randomBytes } from 'node:crypto';
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { type Kept, put, type StateStore } from '../ports.ts';
import type { Accounts } from './accounts.ts';
import { unknownPerson } from './accounts.ts';
import { iso, type Passkey, passkeys } from './records.ts';
import { isRefusal, type Refusal, refusal } from './refusal.ts';

/** Where a page is: passkeys belong to its host name. */
export type Site = { readonly origin: string; readonly hostname: string };

export type PasskeysOptions = {
  readonly state: StateStore;
  readonly nowMs: () => number;
  readonly accounts: Accounts;
  readonly issuer: string;
};

/** The platform clock's; a person needs some time to find the key. */
const challengeMs = 5 * 60_000;
const mostChallenges = 5_000;
const mostKeys = 20;
/** EdDSA, ES256, RS256 (COSE). Asking the library for its own list makes Node warn of an experiment. */
const algorithms = [-8, -7, -257];

const notAccepted = refusal('not-signed-in', 'The passkey was not accepted: try again, or sign in by password.');

export function createPasskeys({ state, nowMs, accounts, issuer }: PasskeysOptions) {
  /** Given out, each to be taken once: for an account, or null for a sign-in. */
  const challenges = new Map<string, { readonly account: string | null; readonly untilMs: number }>();

  /** The library encodes the bytes itself: what the device signs is this text. */
  function challenge(account: string | null): { bytes: Uint8Array<ArrayBuffer>; text: string } {
    const bytes = new Uint8Array(randomBytes(32));
    const text = Buffer.from(bytes).toString('base64url');
    challenges.set(text, { account, untilMs: nowMs() + challengeMs });
    if (challenges.size > mostChallenges) challenges.delete(challenges.keys().next().value as string);
    return { bytes, text };
  }

  function take(text: string, account: string | null): boolean {
    const found = challenges.get(text);
    challenges.delete(text);
    return found !== undefined && found.account === account && found.untilMs > nowMs();
  }

  const keysOf = (account: string): Promise<Kept<Passkey>[]> => state.records(passkeys, { subject: account });

  return {
    async registration(account: string, { hostname }: Site) {
      const found = await accounts.find(account);
      if (found === undefined) return unknownPerson;
      const keys = await keysOf(account);
      return generateRegistrationOptions({
        rpName: issuer,
        rpID: hostname,
        userName: found.body.login,
        userDisplayName: found.body.name,
        userID: new TextEncoder().encode(account),
        challenge: challenge(account).bytes,
        excludeCredentials: keys.map(({ id }) => ({ id })),
        supportedAlgorithmIDs: algorithms,
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      });
    },
    async register(account: string, site: Site, wish: { name: string; response: RegistrationResponseJSON }) {
      const keys = await keysOf(account);
      if (keys.length >= mostKeys) return refusal('conflict', `An account has at most ${mostKeys} passkeys.`);
      const bad = refusal('invalid', 'The passkey was not accepted: try again.', 'response');
      const verified = await verifyRegistrationResponse({
        response: wish.response,
        expectedChallenge: (text) => take(text, account),
        expectedOrigin: site.origin,
        expectedRPID: site.hostname,
        supportedAlgorithmIDs: algorithms,
      }).catch(() => undefined);
      if (verified?.registrationInfo === undefined) return bad;
      const { credential } = verified.registrationInfo;
      const atMs = nowMs();
      const body: Passkey = {
        account,
        name: wish.name,
        publicKey: Buffer.from(credential.publicKey).toString('base64url'),
        counter: credential.counter,
        createdAtMs: atMs,
      };
      await state.commit({
        nowMs: atMs,
        puts: [put({ kind: passkeys, id: credential.id, body, subject: account, atMs, expect: 0 })],
        audit: [{ actor: account, act: 'account.passkey-add', subject: account, after: { createdAt: iso(atMs) } }],
      });
      return accounts.read(account);
    },
    signInOptions({ hostname }: Site) {
      return generateAuthenticationOptions({
        rpID: hostname,
        challenge: challenge(null).bytes,
        userVerification: 'required',
      });
    },
    /** The account that a device signed in, if it is one of ours. */
    async verify(site: Site, response: AuthenticationResponseJSON): Promise<string | Refusal> {
      const key = await state.record(passkeys, response.id);
      const account = key === undefined ? undefined : await accounts.find(key.body.account);
      if (key === undefined || account?.body.state !== 'active') return notAccepted;
      const verified = await verifyAuthenticationResponse({
        response,
        expectedChallenge: (text) => take(text, null),
        expectedOrigin: site.origin,
        expectedRPID: site.hostname,
        credential: {
          id: key.id,
          publicKey: new Uint8Array(Buffer.from(key.body.publicKey, 'base64url')),
          counter: key.body.counter,
        },
      }).catch(() => undefined);
      if (!verified?.verified) return notAccepted;
      const body = { ...key.body, counter: verified.authenticationInfo.newCounter };
      const kept = put({
        kind: passkeys,
        id: key.id,
        body,
        subject: account.id,
        atMs: body.createdAtMs,
        expect: key.version,
      });
      await state.commit({ nowMs: nowMs(), puts: [kept] });
      return account.id;
    },
    async remove(account: string, id: string) {
      const key = await state.record(passkeys, id);
      if (key?.body.account !== account) return refusal('not-found', 'You have no such passkey.', 'id');
      await state.commit({
        nowMs: nowMs(),
        removes: [{ kind: passkeys, id }],
        audit: [{ actor: account, act: 'account.passkey-remove', subject: account }],
      });
      const after = await accounts.read(account);
      return isRefusal(after) ? unknownPerson : after;
    },
  };
}
