/**
 * Who asks: sessions by cookie and tokens by header. Both are read from the store each time, so that what another
 * process revoked is revoked here too. All times are the platform clock's.
 */
import type { Permission, PersonName, SessionInfo } from '@siaga/protocol';
import { type AuditDraft, type Kept, type Put, put, type StateStore, type StateWork } from '../ports.ts';
import { policy } from './policy.ts';
import {
  accounts,
  iso,
  type KeptAccount,
  lastSeen,
  living,
  nameOf,
  type Session,
  sessions,
  tokens,
} from './records.ts';
import { digestOf, mintId, mintSecret } from './secrets.ts';

const minuteMs = 60_000;
export const idleMs = 12 * 60 * minuteMs;
const absoluteMs = 24 * 60 * minuteMs;
/** How long after a proof of who one is one may do what cannot be undone. */
export const freshMs = 10 * minuteMs;
/** So much a clock may be set back, as time servers do, and no more. */
const slackMs = 2 * minuteMs;
/** More than this at once are somebody's mistake: the oldest end. */
const mostAtOnce = 20;
/** A token does not end by itself. */
const never = '9999-12-31T23:59:59.999Z';

/** Who asks, as far as the people's room knows. */
export type SignedIn = {
  readonly account: PersonName;
  readonly permissions: ReadonlySet<Permission>;
  readonly fresh: boolean;
  readonly by: 'cookie' | 'token';
  /** The session's or token's id in the store. */
  readonly session: string;
  /** Whether it stood when it was last looked at, which each call has done anew: at most one call old. */
  valid(): boolean;
};

/** A session as its owner sees it. */
export type OwnSession = {
  readonly id: string;
  readonly agent: string;
  readonly createdAt: string;
  readonly seenAt: string;
  readonly current: boolean;
};

/** What opens a session, to be committed with what led to it. */
export type Opening = { readonly token: string; readonly id: string; readonly work: Pick<StateWork, 'puts'> };

export type SessionsOptions = { readonly state: StateStore; readonly nowMs: () => number };

export function createSessions({ state, nowMs }: SessionsOptions) {
  async function ofSession(id: string): Promise<{ session: Kept<Session>; account: KeptAccount } | undefined> {
    const session = await state.record(sessions, id);
    if (session === undefined || isOver(session.body)) return undefined;
    const account = living(await state.record(accounts, session.body.account));
    return account?.body.state === 'active' ? { session, account } : undefined;
  }

  function isOver(session: Session): boolean {
    // Made or used later than now: the clock was set back, and how old it is nobody can say.
    const isOfLater = Math.max(session.createdAtMs, session.seenAtMs) > nowMs() + slackMs;
    return isOfLater || untilMs(session) <= nowMs();
  }

  function isFresh({ provedAtMs }: Session): boolean {
    return provedAtMs <= nowMs() + slackMs && nowMs() - provedAtMs < freshMs;
  }

  function validity(look: () => Promise<unknown>): () => boolean {
    let stands = true;
    return () => {
      look().then(
        (found) => {
          stands = found !== undefined;
        },
        () => {},
      );
      return stands;
    };
  }

  /** At most once a minute: reading must not write. */
  async function noteUse(actor: string, extra: readonly Put[] = []): Promise<void> {
    const seen = await state.record(lastSeen, actor);
    if (extra.length === 0 && seen !== undefined && nowMs() - seen.body.atMs < minuteMs) return;
    await state.commit({
      nowMs: nowMs(),
      puts: [...extra, put({ kind: lastSeen, id: actor, body: { atMs: nowMs() } })],
    });
  }

  async function end(id: string, actor: string): Promise<void> {
    const audit: AuditDraft = { actor, act: 'session.close', subject: actor };
    await state.commit({ nowMs: nowMs(), removes: [{ kind: sessions, id }], audit: [audit] });
  }

  return {
    /** Makes a session of `account`, proved so long ago; null: nobody knows when. */
    opening(account: string, agent: string, provedAgoMs: number | null = 0): Opening {
      const token = mintSecret();
      const id = digestOf(token);
      const atMs = nowMs();
      const body: Session = {
        account,
        name: mintId(),
        agent: agent.slice(0, 200),
        createdAtMs: atMs,
        seenAtMs: atMs,
        provedAtMs: atMs - (provedAgoMs ?? freshMs),
      };
      return {
        token,
        id,
        work: {
          puts: [
            put({ kind: sessions, id, body, subject: account, atMs, expect: 0 }),
            put({ kind: lastSeen, id: account, body: { atMs } }),
          ],
        },
      };
    },
    async byCookie(token: string): Promise<SignedIn | null> {
      const id = digestOf(token);
      const found = await ofSession(id);
      if (found === undefined) return null;
      const { session, account } = found;
      if (nowMs() - session.body.seenAtMs >= minuteMs) {
        const body = { ...session.body, seenAtMs: nowMs() };
        // A session that was ended meanwhile stays ended.
        const again = put({
          kind: sessions,
          id,
          body,
          subject: account.id,
          atMs: body.createdAtMs,
          expect: session.version,
        });
        await noteUse(account.id, [again]).catch(() => {});
      }
      return {
        account: nameOf(account),
        permissions: new Set(policy[account.body.role]),
        fresh: isFresh(session.body),
        by: 'cookie',
        session: id,
        valid: validity(() => ofSession(id)),
      };
    },
    async byToken(token: string): Promise<SignedIn | null> {
      const id = digestOf(token);
      const found = await state.record(tokens, id);
      if (found === undefined) return null;
      const { actor, name, role } = found.body;
      await noteUse(actor).catch(() => {});
      return {
        account: { id: actor, name, role },
        permissions: new Set(policy[role].filter((permission) => permission !== 'self')),
        fresh: false,
        by: 'token',
        session: id,
        valid: validity(() => state.record(tokens, id)),
      };
    },
    async info(who: SignedIn, drill: string | null): Promise<SessionInfo | undefined> {
      const kept = who.by === 'cookie' ? await ofSession(who.session) : undefined;
      if (who.by === 'cookie' && kept === undefined) return undefined;
      const session = kept?.session.body;
      return {
        account: kept === undefined ? who.account : nameOf(kept.account),
        login: kept?.account.body.login ?? who.account.name,
        permissions: [...who.permissions],
        idleUntil: session === undefined ? never : iso(untilMs(session)),
        absoluteUntil: session === undefined ? never : iso(session.createdAtMs + absoluteMs),
        fresh: session !== undefined && isFresh(session),
        drill,
      };
    },
    /** The session's owner proved again who they are. */
    async proved(id: string): Promise<void> {
      const found = await ofSession(id);
      if (found === undefined) return;
      const { session, account } = found;
      const body = { ...session.body, seenAtMs: nowMs(), provedAtMs: nowMs() };
      await state.commit({
        nowMs: nowMs(),
        puts: [put({ kind: sessions, id, body, subject: account.id, atMs: body.createdAtMs, expect: session.version })],
      });
    },
    async list(account: string, current: string): Promise<OwnSession[]> {
      const all = await state.records(sessions, { subject: account });
      return all
        .filter(({ body }) => !isOver(body))
        .map(({ id, body }) => ({
          id: body.name,
          agent: body.agent,
          createdAt: iso(body.createdAtMs),
          seenAt: iso(body.seenAtMs),
          current: id === current,
        }));
    },
    /** Ends the session that `account` knows as `name`; false where it has none of that name. */
    async revoke(account: string, name: string): Promise<boolean> {
      const found = (await state.records(sessions, { subject: account })).find(({ body }) => body.name === name);
      if (found === undefined) return false;
      await state.commit({
        nowMs: nowMs(),
        removes: [{ kind: sessions, id: found.id }],
        audit: [{ actor: account, act: 'session.revoke', subject: account }],
      });
      return true;
    },
    /** Ends a session whose owner has another one now. */
    async close(id: string): Promise<void> {
      const found = await state.record(sessions, id);
      if (found !== undefined) await end(id, found.body.account);
    },
    end,
    /** What ends all sessions of `account` but `keep`, to be committed with what ends them. */
    async endings(account: string, keep?: string): Promise<NonNullable<StateWork['removes']>[number][]> {
      const all = await state.records(sessions, { subject: account });
      return all.filter(({ id }) => id !== keep).map(({ id }) => ({ kind: sessions, id }));
    },
    /** What ends sessions that are over, or too many: to be committed with a new one. */
    async surplus(account: string): Promise<NonNullable<StateWork['removes']>[number][]> {
      const all = await state.records(sessions, { subject: account });
      return all.filter(({ body }, i) => i >= mostAtOnce - 1 || isOver(body)).map(({ id }) => ({ kind: sessions, id }));
    },
    /** Forgets sessions that are over. */
    async prune(): Promise<void> {
      const over = (await state.records(sessions)).filter(({ body }) => isOver(body));
      if (over.length > 0)
        await state.commit({ nowMs: nowMs(), removes: over.map(({ id }) => ({ kind: sessions, id })) });
    },
  };
}
export type Sessions = ReturnType<typeof createSessions>;

function untilMs({ seenAtMs, createdAtMs }: Session): number {
  return Math.min(seenAtMs + idleMs, createdAtMs + absoluteMs);
}
