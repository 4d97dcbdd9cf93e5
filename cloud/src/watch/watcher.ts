/**
 * What a watcher makes of what it hears and does not hear: pure. It asks nobody and sends nothing; it says what people
 * must be told.
 */
import type { AuditPlace, Beat } from './beat.ts';

export type WatcherSettings = {
  /** Nothing good for so long is told. */
  readonly silentMs: number;
  /** Told again after so long, while it lasts. */
  readonly repeatMs: number;
};

export type Watched = {
  readonly lastGoodAtMs: number;
  /** Why the last thing that was heard was not good. */
  readonly lastFault: string | null;
  /** Told of the silence since then. */
  readonly silence: { readonly sinceMs: number; readonly toldAtMs: number } | null;
  /** The newest place of the audit that was ever heard. */
  readonly audit: AuditPlace | null;
  /** The record shrank or changed; stays until a person accepts it. */
  readonly record: { readonly what: string; readonly sinceMs: number; readonly toldAtMs: number } | null;
};

/** What people must be told. `again`: they were told before. */
export type Told =
  | { readonly kind: 'silent'; readonly sinceMs: number; readonly fault: string | null; readonly again: boolean }
  | { readonly kind: 'back'; readonly sinceMs: number }
  | { readonly kind: 'record'; readonly what: string; readonly sinceMs: number; readonly again: boolean };

export type Step = { readonly watched: Watched; readonly tell: readonly Told[] };

/** Nothing was heard yet: the silence is counted from the start. */
export function watchedSince(nowMs: number, audit: AuditPlace | null = null): Watched {
  return { lastGoodAtMs: nowMs, lastFault: null, silence: null, audit, record: null };
}

/** A heartbeat came. One that says that the platform is not ready is heard, but not good. */
export function heardBeat(watched: Watched, beat: Beat, nowMs: number): Step {
  const what = watched.audit === null ? null : recordFault(watched.audit, beat);
  const fault = beat.ready ? null : `it says that it is not ready: ${beat.amiss.join('; ') || 'without a reason'}`;
  const step = beat.ready ? good(watched, nowMs) : { watched: { ...watched, lastFault: fault }, tell: [] };
  if (what === null) {
    const audit = watched.audit === null || beat.audit.no > watched.audit.no ? beat.audit : watched.audit;
    return { ...step, watched: { ...step.watched, audit } };
  }
  // The place that was heard before is kept: it is the evidence.
  if (watched.record !== null) return step;
  return {
    watched: { ...step.watched, record: { what, sinceMs: nowMs, toldAtMs: nowMs } },
    tell: [...step.tell, { kind: 'record', what, sinceMs: nowMs, again: false }],
  };
}

/** The platform was asked and answered; `fault` is null when all was well. */
export function heardAnswer(watched: Watched, fault: string | null, nowMs: number): Step {
  return fault === null ? good(watched, nowMs) : { watched: { ...watched, lastFault: fault }, tell: [] };
}

/** A person has looked into it: the next beat's place is taken as it is. */
export function acceptedRecord(watched: Watched): Watched {
  return { ...watched, audit: null, record: null };
}

/** Time passes. */
export function passed(watched: Watched, { silentMs, repeatMs }: WatcherSettings, nowMs: number): Step {
  const tell: Told[] = [];
  let { silence, record } = watched;
  if (nowMs - watched.lastGoodAtMs >= silentMs && (silence === null || nowMs - silence.toldAtMs >= repeatMs)) {
    const sinceMs = watched.lastGoodAtMs;
    tell.push({ kind: 'silent', sinceMs, fault: watched.lastFault, again: silence !== null });
    silence = { sinceMs, toldAtMs: nowMs };
  }
  if (record !== null && nowMs - record.toldAtMs >= repeatMs) {
    tell.push({ kind: 'record', what: record.what, sinceMs: record.sinceMs, again: true });
    record = { ...record, toldAtMs: nowMs };
  }
  return { watched: { ...watched, silence, record }, tell };
}

function good(watched: Watched, nowMs: number): Step {
  const tell: Told[] = watched.silence === null ? [] : [{ kind: 'back', sinceMs: watched.silence.sinceMs }];
  return { watched: { ...watched, lastGoodAtMs: nowMs, lastFault: null, silence: null }, tell };
}

/** How the audit of a beat contradicts what was heard before. */
function recordFault(known: AuditPlace, { audit, proof }: Beat): string | null {
  if (audit.no < known.no)
    return `it ends at line ${audit.no}, but line ${known.no} was there before: lines were removed`;
  if (audit.no === known.no && audit.hash !== known.hash) return `line ${known.no} is another one than before`;
  if (proof !== null && proof.no === known.no && proof.hash !== known.hash)
    return `line ${known.no} or one before it was changed`;
  return null;
}
