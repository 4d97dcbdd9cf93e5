/** Signing in by an identity provider: OpenID Connect's code flow with PKCE, state and nonce. */
import * as client from 'openid-client';
import { cleanLine } from '../alarms/notify/text.ts';
import { put, type StateStore } from '../ports.ts';
import type { Accounts } from './accounts.ts';
import { type OidcSettings, roleByClaims } from './oidc-settings.ts';
import { accounts as accountKind, logins, providerSubjects, type StoredAccount } from './records.ts';
import { isRefusal, type Refusal, refusal } from './refusal.ts';
import { digestOf, mintId } from './secrets.ts';

export type OidcOptions = {
  readonly settings: OidcSettings;
  readonly state: StateStore;
  readonly nowMs: () => number;
  readonly accounts: Accounts;
};

/** Real time: it passes at the provider's. */
const lastsMs = 10 * 60_000;
const mostAtOnce = 1000;

/** How a sign-in was begun here. */
type OidcBeginning = {
  /** The person is to prove who they are, whatever the provider remembers of them. */
  readonly again: boolean;
  /** Where in the console they were: a fragment. */
  readonly back: string;
  /** The session that was open in their browser; it is to end. */
  readonly session: string | null;
};
type OidcSignedIn = OidcBeginning & {
  readonly account: string;
  /** How long ago, ms, they proved at the provider who they are; null where it does not say. */
  readonly provedAgoMs: number | null;
};

type Flow = OidcBeginning & {
  readonly nonce: string;
  readonly verifier: string;
  readonly untilMs: number;
};

/** Who is to prove it again has done so at most so long before coming back, s: somebody looks for a phone. */
const provedWithinS = 300;

type Claims = Readonly<Record<string, unknown>> & { readonly iss: string; readonly sub: string };

export function createOidc({ settings, state, nowMs, accounts }: OidcOptions) {
  const begun = new Map<string, Flow>();
  let found: Promise<client.Configuration> | undefined;

  /** Asked for when first wanted, and again after a failure: local accounts work without the provider. */
  function provider(): Promise<client.Configuration> {
    const { issuer, clientId, clientSecret } = settings;
    found ??= client
      .discovery(
        new URL(issuer),
        clientId,
        undefined,
        clientSecret === null ? client.None() : client.ClientSecretBasic(clientSecret),
        { timeout: 10, ...(issuer.startsWith('http:') ? { execute: [client.allowInsecureRequests] } : {}) },
      )
      .catch((error: unknown) => {
        found = undefined;
        throw error;
      });
    return found;
  }

  function taken(key: string): Flow | undefined {
    const flow = begun.get(key);
    begun.delete(key);
    return flow === undefined || flow.untilMs < Date.now() ? undefined : flow;
  }

  async function claimsOf(currentUrl: URL, key: string, flow: Flow): Promise<Claims | undefined> {
    const config = await provider();
    const answer = await client.authorizationCodeGrant(config, currentUrl, {
      pkceCodeVerifier: flow.verifier,
      expectedState: key,
      expectedNonce: flow.nonce,
      idTokenExpected: true,
      ...(flow.again && { maxAge: provedWithinS }),
    });
    const claims = answer.claims();
    if (claims === undefined) return undefined;
    if (config.serverMetadata().userinfo_endpoint === undefined) return claims;
    // Many providers tell groups here only.
    return { ...(await client.fetchUserInfo(config, answer.access_token, claims.sub)), ...claims };
  }

  async function freeLogin(claims: Claims): Promise<string> {
    const wish = String(claims.preferred_username ?? claims.email ?? '').split('@')[0] ?? '';
    const plain = wish
      .toLowerCase()
      .replace(/[^a-z0-9._-]/g, '')
      .slice(0, 36);
    const base = /^[a-z0-9][a-z0-9._-]{1,35}$/.test(plain) ? plain : `oidc-${mintId().slice(0, 6)}`;
    for (let i = 1; ; i += 1) {
      const login = i === 1 ? base : `${base}-${i}`;
      if ((await state.record(logins, login)) === undefined) return login;
    }
  }

  /** A new account: never one that is there already, whatever the provider calls the person. */
  async function create(subject: string, claims: Claims, role: StoredAccount['role']): Promise<string> {
    const id = mintId();
    const login = await freeLogin(claims);
    const { email } = claims;
    const body: StoredAccount = {
      login,
      name: cleanLine(String(claims.name ?? ''), 100) || login,
      role,
      state: 'active',
      createdAtMs: nowMs(),
      contacts: isMailbox(email) && claims.email_verified === true ? { email } : {},
      subscriptions: [],
      quietHours: null,
      push: [],
    };
    await state.commit({
      nowMs: nowMs(),
      puts: [
        put({ kind: accountKind, id, body, expect: 0 }),
        put({ kind: logins, id: login, body: { account: id }, expect: 0 }),
        put({ kind: providerSubjects, id: subject, body: { account: id }, subject: id, expect: 0 }),
      ],
      audit: [{ actor: id, act: 'account.create', subject: id, after: { role, by: 'oidc' } }],
    });
    return id;
  }

  return {
    name: settings.name,
    /** Where to send the browser; `key` must come back with it. */
    async begin(redirectUri: string, beginning: OidcBeginning): Promise<{ url: string; key: string }> {
      const verifier = client.randomPKCECodeVerifier();
      const nonce = client.randomNonce();
      const key = client.randomState();
      const url = client.buildAuthorizationUrl(await provider(), {
        redirect_uri: redirectUri,
        scope: 'openid profile email',
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state: key,
        nonce,
        ...(beginning.again && { prompt: 'login', max_age: String(provedWithinS) }),
      });
      begun.set(key, { ...beginning, nonce, verifier, untilMs: Date.now() + lastsMs });
      if (begun.size > mostAtOnce) begun.delete(begun.keys().next().value as string);
      return { url: url.href, key };
    },
    /** The account of who came back, with the role that the provider's groups give today. Rejects where it fails. */
    async finish(currentUrl: URL, key: string): Promise<OidcSignedIn | Refusal> {
      const flow = taken(key);
      const claims = flow && (await claimsOf(currentUrl, key, flow));
      if (flow === undefined || claims === undefined)
        return refusal('not-signed-in', 'The sign-in took too long, or was begun elsewhere.');
      const role = roleByClaims(settings, claims);
      if (role === null) return refusal('forbidden', 'None of your groups has a role here.');
      const subject = digestOf(`${claims.iss}\n${claims.sub}`);
      const linked = await state.record(providerSubjects, subject);
      if (linked === undefined) {
        if (!settings.createsAccounts) return refusal('forbidden', 'You have no account here: ask for one.');
        return signedIn(await create(subject, claims, role), flow, claims);
      }
      const account = await accounts.find(linked.body.account);
      if (account?.body.state !== 'active') return refusal('forbidden', 'Your account here is disabled.');
      if (account.body.role !== role) {
        // The provider's word, even for the last admin: a new one is made with the machine.
        const changed = await accounts.update('machine', account.id, { version: account.version, role }, true);
        if (isRefusal(changed)) return changed;
      }
      return signedIn(account.id, flow, claims);
    },
  };
}

function signedIn(account: string, { again, back, session }: Flow, { auth_time }: Claims): OidcSignedIn {
  const provedAgoMs = typeof auth_time === 'number' ? Math.max(0, Date.now() - auth_time * 1000) : null;
  return { account, again, back, session, provedAgoMs };
}

function isMailbox(email: unknown): email is string {
  return typeof email === 'string' && email.length <= 200 && /^[^@\s]+@[^@\s]+$/.test(email);
}
