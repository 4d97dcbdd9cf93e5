/**
 * Whether what was changed from afar has proved itself. Pure.
 *
 * A change is on trial until readings were stored and the broker has acknowledged again: then it stays. If that does not come in time, what was before comes back.
 */
export type Evidence = {
  /** Real ms since the change took effect. */
  readonly sinceMs: number;
  readonly stored: number;
  /** The longest time from one reading to the next, real ms. */
  readonly dueMs: number;
  /** There was a link when the change was asked for, since it came that way: it must stand again. */
  readonly acks: number;
};

export type TrialLimits = { readonly leastMs: number; readonly mostMs: number };

/** A reading that was taken needs a moment to come through. */
const throughMs = 5 * 60_000;

export function verdictOn(evidence: Evidence, limits: TrialLimits): 'wait' | 'good' | 'failed' {
  const { sinceMs, stored, dueMs, acks } = evidence;
  if (stored > 0 && acks > 0 && sinceMs >= limits.leastMs) return 'good';
  const firstIsDue = stored > 0 || sinceMs >= dueMs + throughMs;
  return sinceMs >= limits.mostMs && firstIsDue ? 'failed' : 'wait';
}
