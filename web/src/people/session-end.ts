import type { SessionInfo } from '@siaga/protocol';

/** Why a session is about to end, or that it has. */
export type SessionEnd = { readonly kind: 'idle' | 'absolute' | 'ended'; readonly atMs: number };

/** Real time before the end at which one is warned. */
const warnedBeforeMs = 5 * 60_000;

/**
 * What must be said of a session's end at `nowMs` of the server's clock, which runs `speed` times as fast as time.
 * The end by age is told before the one by idleness: nothing puts it off.
 */
export function sessionEnd(
  session: Pick<SessionInfo, 'idleUntil' | 'absoluteUntil'>,
  nowMs: number,
  speed: number,
): SessionEnd | undefined {
  const idleMs = Date.parse(session.idleUntil);
  const absoluteMs = Date.parse(session.absoluteUntil);
  const endMs = Math.min(idleMs, absoluteMs);
  if (nowMs >= endMs) return { kind: 'ended', atMs: endMs };
  const soon = nowMs + warnedBeforeMs * speed;
  if (soon >= absoluteMs) return { kind: 'absolute', atMs: absoluteMs };
  return soon >= idleMs ? { kind: 'idle', atMs: idleMs } : undefined;
}

/** Of two answers about one session the one that lets it live longer: the newer. */
export function newerSession(known: SessionInfo, other: SessionInfo | undefined): SessionInfo {
  if (other === undefined || other.account.id !== known.account.id) return known;
  return Date.parse(other.absoluteUntil) > Date.parse(known.absoluteUntil) ||
    (other.absoluteUntil === known.absoluteUntil && Date.parse(other.idleUntil) > Date.parse(known.idleUntil))
    ? other
    : known;
}
