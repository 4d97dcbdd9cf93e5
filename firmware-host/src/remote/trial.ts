/**
 * Whether what was changed from afar has proved itself. Pure.
 *
 * A change is on trial until readings were stored and the broker has acknowledged again: then it stays. If that does not come in time, what was before comes back.
 */
export type Evidence = {
  /** Real ms since the change took effect. */
  readonly sinceMs: number;
  readonly stored: number;
  /** There was a link when the change was asked for, since it came that way: it must stand again. */
  readonly acks: number;
};

export type TrialLimits = { readonly leastMs: number; readonly mostMs: number };

/** Long enough for a leak or a crash in the first minutes; an hour, since a reading may be due once an hour. */
export const trialLimits: TrialLimits = { leastMs: 5 * 60_000, mostMs: 75 * 60_000 };

export function verdictOn(evidence: Evidence, limits: TrialLimits = trialLimits): 'wait' | 'good' | 'failed' {
  const { sinceMs, stored, acks } = evidence;
  if (stored > 0 && acks > 0 && sinceMs >= limits.leastMs) return 'good';
  return sinceMs >= limits.mostMs ? 'failed' : 'wait';
}
