import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Account, Role, SessionInfo } from '@siaga/protocol';
import type { PlatformProcess } from './platform.ts';
import { runProgram } from './programs.ts';

/** A person who is signed in, as a program without a browser. */
export type Staff = {
  readonly id: string;
  /** Asks under `/api/v1` of whatever listens at that address now; throws unless it is answered with 2xx. */
  ask<T>(method: string, path: string, body?: unknown): Promise<T>;
};

/** The token of the one-time link that the platform has left in its data folder. */
export function setupToken(data: string): string {
  return tokenOf(readFileSync(join(data, 'setup-link'), 'utf8'));
}

export function tokenOf(link: string): string {
  return new URL(link.trim()).hash.slice('#welcome='.length);
}

/** Takes up an invitation. */
export async function joinStaff(
  httpUrl: string,
  wish: { readonly token: string; readonly login?: string; readonly name?: string; readonly password: string },
): Promise<Staff> {
  let cookie = '';
  async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const headers = { origin: httpUrl, cookie, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
    const signal = AbortSignal.timeout(5_000);
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await fetch(`${httpUrl}/api/v1${path}`, { method, headers, signal, ...sent });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    const [given] = answer.headers.getSetCookie();
    if (given !== undefined) cookie = given.slice(0, given.indexOf(';'));
    return (await answer.json()) as T;
  }
  const { account } = await ask<SessionInfo>('POST', '/invites/accept', wish);
  return { id: account.id, ask };
}

/** Invites somebody by the command line, beside the running platform, and takes up the invitation. */
export function newStaff({ httpUrl, pki }: Pick<PlatformProcess, 'httpUrl' | 'pki'>, role: Role): Promise<Staff> {
  const invite = ['people', 'invite', `flow-${role}`, '--role', role, '--name', role];
  const token = tokenOf(runProgram('siaga', invite, { SIAGA_DATA: dirname(pki) }));
  return joinStaff(httpUrl, { token, password: 'words by the river at night' });
}

/** Where a person wants to be told, and of what. */
export async function tellThem(
  { ask }: Staff,
  wish: Partial<Pick<Account, 'contacts' | 'subscriptions' | 'quietHours'>>,
): Promise<void> {
  const { version } = await ask<Account>('GET', '/me');
  await ask('PUT', '/me', { version, ...wish });
}
