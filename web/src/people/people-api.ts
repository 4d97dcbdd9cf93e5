import { Account, parserOf, Role } from '@siaga/protocol';
import { type Static, Type } from 'typebox';
import { getJson, parseAnything, sendJson } from '../feed/client.ts';

const Time = Type.String({ format: 'date-time' });
const parseAccount = parserOf(Account);
const parseAccounts = parserOf(Type.Array(Account));
const parseInvited = parserOf(Type.Object({ account: Account, link: Type.String() }));
const parseLink = parserOf(Type.Object({ link: Type.String() }));

/** A program's right to read, without its secret. */
const Token = Type.Object({
  id: Type.String(),
  name: Type.String(),
  role: Role,
  createdAt: Time,
  lastSeenAt: Type.Optional(Type.Union([Time, Type.Null()])),
});
export type Token = Static<typeof Token>;
const parseTokens = parserOf(Type.Array(Token));
const parseMade = parserOf(Type.Object({ id: Type.String(), token: Type.String() }));

export const tokenRoles = ['device', 'agency', 'viewer'] as const;

const person = (id: string) => `/api/v1/people/${encodeURIComponent(id)}`;

export const fetchPeople = () => getJson('/api/v1/people', parseAccounts);

export type Invitation = { readonly login: string; readonly name: string; readonly role: Role };
/** Makes an account without a password, and the link by which its person takes it up. */
export const invite = (invitation: Invitation) => sendJson('POST', '/api/v1/people', invitation, parseInvited);
/** Another link: for who lost the first, or their password. */
export const makeLink = (id: string) => sendJson('POST', `${person(id)}/invite`, {}, parseLink);

export type PersonChanges = {
  readonly version: number;
  readonly name?: string;
  readonly role?: Role;
  readonly state?: 'active' | 'disabled';
};
export const changePerson = (id: string, changes: PersonChanges) => sendJson('PUT', person(id), changes, parseAccount);
export const removePerson = (id: string) => sendJson('DELETE', person(id), undefined, parseAnything);

export const fetchTokens = () => getJson('/api/v1/tokens', parseTokens);
export const makeToken = (name: string, role: (typeof tokenRoles)[number]) =>
  sendJson('POST', '/api/v1/tokens', { name, role }, parseMade);
export const endToken = (id: string) =>
  sendJson('DELETE', `/api/v1/tokens/${encodeURIComponent(id)}`, undefined, parseAnything);
