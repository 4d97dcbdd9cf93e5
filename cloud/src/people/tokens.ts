/** Tokens for programs and walls: they sign in by a header, see by their role, and act on nothing. */
import type { Role } from '@siaga/protocol';
import { put, type StateStore } from '../ports.ts';
import { iso, lastSeen, tokens } from './records.ts';
import { type Refusal, refusal } from './refusal.ts';
import { digestOf, mintId, mintSecret } from './secrets.ts';

export const tokenRoles = ['viewer', 'device', 'agency'] as const satisfies readonly Role[];
export type TokenRole = (typeof tokenRoles)[number];

export type TokenInfo = {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: string;
  readonly lastSeenAt: string | null;
};

export function createTokens({ state, nowMs }: { readonly state: StateStore; readonly nowMs: () => number }) {
  return {
    async list(): Promise<TokenInfo[]> {
      const all = await state.records(tokens);
      return Promise.all(
        all.map(async ({ body: { actor, name, role, createdAtMs } }) => {
          const seen = await state.record(lastSeen, actor);
          const lastSeenAt = seen === undefined ? null : iso(seen.body.atMs);
          return { id: actor, name, role, createdAt: iso(createdAtMs), lastSeenAt };
        }),
      );
    },
    /** The token is told this once. */
    async create(actor: string, wish: { name: string; role: TokenRole }): Promise<{ id: string; token: string }> {
      const token = mintSecret();
      const id = mintId();
      const body = { actor: id, ...wish, createdAtMs: nowMs() };
      await state.commit({
        nowMs: nowMs(),
        puts: [put({ kind: tokens, id: digestOf(token), body, subject: id, atMs: nowMs(), expect: 0 })],
        audit: [{ actor, act: 'token.create', subject: id, after: { role: wish.role } }],
      });
      return { id, token };
    },
    async revoke(actor: string, id: string): Promise<Refusal | undefined> {
      const [found] = await state.records(tokens, { subject: id });
      if (found === undefined) return refusal('not-found', 'There is no such token.', 'id');
      await state.commit({
        nowMs: nowMs(),
        removes: [
          { kind: tokens, id: found.id },
          { kind: lastSeen, id },
        ],
        audit: [{ actor, act: 'token.revoke', subject: id }],
      });
      return undefined;
    },
  };
}
