import { Account, type Contacts, parserOf, type QuietHours, type Subscription } from '@siaga/protocol';
import { type Static, Type } from 'typebox';
import { type Fetched, getJson, parseAnything, sendJson } from '../feed/client.ts';

const parseAccount = parserOf(Account);

/** One sign-in of mine: `id` names it without being its secret. */
const MySession = Type.Object({
  id: Type.String(),
  /** What signed in, as it called itself. */
  agent: Type.String(),
  createdAt: Type.String({ format: 'date-time' }),
  seenAt: Type.String({ format: 'date-time' }),
  /** The one that asks. */
  current: Type.Boolean(),
});
export type MySession = Static<typeof MySession>;
const parseSessions = parserOf(Type.Array(MySession));

const parseTotp = parserOf(Type.Object({ secret: Type.String(), uri: Type.String() }));
const parsePushKey = parserOf(Type.Object({ key: Type.Union([Type.String(), Type.Null()]) }));

export type MyChanges = {
  readonly version: number;
  readonly name?: string;
  readonly contacts?: Contacts;
  readonly subscriptions?: readonly Subscription[];
  readonly quietHours?: QuietHours | null;
};

export const fetchMe = () => getJson('/api/v1/me', parseAccount);
export const changeMe = (changes: MyChanges) => sendJson('PUT', '/api/v1/me', changes, parseAccount);
export const changePassword = (old: string, next: string) =>
  sendJson('POST', '/api/v1/me/password', { old, new: next }, parseAnything);

/** A new secret: in force only when a code of it was sent back. */
export const beginTotp = () => sendJson('POST', '/api/v1/me/totp', {}, parseTotp);
export const confirmTotp = (code: string) => sendJson('PUT', '/api/v1/me/totp', { code }, parseAnything);
export const removeTotp = () => sendJson('DELETE', '/api/v1/me/totp', undefined, parseAnything);
export const removePasskey = (id: string) =>
  sendJson('DELETE', `/api/v1/me/passkeys/${encodeURIComponent(id)}`, undefined, parseAnything);

export const fetchMySessions = (): Promise<Fetched<MySession[]>> => getJson('/api/v1/me/sessions', parseSessions);
export const endSession = (id: string) =>
  sendJson('DELETE', `/api/v1/me/sessions/${encodeURIComponent(id)}`, undefined, parseAnything);

export const fetchPushKey = () => getJson('/api/v1/push-key', parsePushKey);
export const addPush = (subscription: PushSubscriptionJSON) =>
  sendJson('POST', '/api/v1/me/push', { subscription }, parseAnything);
export const removePush = (endpoint: string) =>
  sendJson('DELETE', `/api/v1/me/push?${new URLSearchParams({ endpoint })}`, undefined, parseAnything);
