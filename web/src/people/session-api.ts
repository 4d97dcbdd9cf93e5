import { parserOf, Role, SessionInfo } from '@siaga/protocol';
import { Type } from 'typebox';
import { type Fetched, getJson, parseAnything, sendJson } from '../feed/client.ts';

const parseSession = parserOf(SessionInfo);

/** How one may sign in here. */
const SessionOptions = Type.Object({
  passkeys: Type.Boolean(),
  oidc: Type.Union([Type.Object({ name: Type.String() }), Type.Null()]),
  setupOpen: Type.Boolean(),
});
const parseOptions = parserOf(SessionOptions);

/** Whom a welcome link is for. Null login: the person chooses one. */
const Welcome = Type.Object({
  kind: Type.Enum(['setup', 'invite', 'reset']),
  login: Type.Union([Type.String(), Type.Null()]),
  name: Type.Union([Type.String(), Type.Null()]),
  role: Role,
});
const parseWelcome = parserOf(Welcome);

export type Proof = { readonly password: string; readonly totp: string | undefined };

export const fetchSession = () => getJson('/api/v1/session', parseSession);
export const fetchSessionOptions = () => getJson('/api/v1/session/options', parseOptions);

/** Signs in. Refused with 401 and field `totp` where a second factor is missing or wrong. */
export function signIn(login: string, { password, totp }: Proof): Promise<Fetched<SessionInfo>> {
  const body = { login, password, ...(totp === undefined ? {} : { totp }) };
  return sendJson('POST', '/api/v1/session', body, parseSession);
}

export const signOut = () => sendJson('DELETE', '/api/v1/session', undefined, parseAnything);

/** Proves who one is once more: what cannot be undone wants it to be fresh. */
export function confirmIdentity({ password, totp }: Proof): Promise<Fetched<SessionInfo>> {
  const body = { password, ...(totp === undefined ? {} : { totp }) };
  return sendJson('POST', '/api/v1/session/confirm', body, parseSession);
}

export const lookAtWelcome = (token: string) => sendJson('POST', '/api/v1/invites/look', { token }, parseWelcome);

export type Acceptance = {
  readonly token: string;
  readonly login?: string;
  readonly name?: string;
  readonly password: string;
  readonly email?: string;
  readonly tellMe?: boolean;
};

/** Takes up a welcome link: the person is signed in afterwards. */
export const acceptWelcome = (acceptance: Acceptance) =>
  sendJson('POST', '/api/v1/invites/accept', acceptance, parseSession);
