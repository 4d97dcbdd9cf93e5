import type { AlarmList, AlarmSubject, Evidence, Priority, Severity, StationId, TransitionKind } from '@siaga/protocol';

/** Who acted: an account id, or `machine`. */
export type Actor = string;
export const machine: Actor = 'machine';

export type AcknowledgedBy = { readonly by: Actor; readonly atMs: number };

/** Why an alarm is silent though its condition may hold. */
export type SuppressionState =
  | {
      readonly kind: 'shelved';
      readonly by: Actor;
      readonly atMs: number;
      readonly untilMs: number;
      readonly oneShot: boolean;
      readonly reason: string;
    }
  | { readonly kind: 'by-design'; readonly atMs: number; readonly reason: string }
  | {
      readonly kind: 'out-of-service';
      readonly by: Actor;
      readonly atMs: number;
      readonly untilMs: number | null;
      readonly reason: string;
    }
  | { readonly kind: 'maintenance'; readonly atMs: number };

/** What silences an alarm from outside, whatever people do at the desk. */
export type Silence = Exclude<SuppressionState, { readonly kind: 'shelved' }>;

/** How an alarm behaves: from the settings of its rule at the newest look. */
export type Terms = {
  readonly offDelayMs: number;
  /** Null: never again. */
  readonly reAlarmMs: number | null;
  readonly latch: boolean;
};

/** A limit that was passed: in event time, as the finding said. */
export type Crossing = { readonly severity: Severity; readonly sinceMs: number };

/** An alarm as the desk keeps it; `Alarm` of the protocol says what each field means. Times in ms UTC. */
export type AlarmState = {
  readonly id: string;
  readonly key: string;
  readonly rule: string;
  readonly list: AlarmList;
  readonly subject: AlarmSubject;
  readonly station: StationId | null;
  readonly basin: string | null;
  readonly group: string;
  readonly priority: Priority;
  readonly severity: Severity | null;
  readonly headline: string;
  readonly response: string;
  readonly evidence: Evidence;
  readonly condition: 'active' | 'returned';
  readonly acknowledged: AcknowledgedBy | null;
  readonly suppression: SuppressionState | null;
  readonly latched: boolean;
  readonly sinceMs: number;
  readonly knownAtMs: number;
  readonly annunciatedAtMs: number | null;
  readonly returnedAtMs: number | null;
  readonly closedAtMs: number | null;
  readonly drill: string | null;
  /** Since when the condition has been below what the alarm says, or gone, while the off-delay runs. */
  readonly easingSinceMs: number | null;
  /** Since when it has not been found at all. */
  readonly goneSinceMs: number | null;
  /** It must call for attention as soon as nothing silences it. */
  readonly owed: boolean;
  /** The version of its group when it last called: tells without a clock whether the group has called since. */
  readonly calledAtVersion: number;
  readonly terms: Terms;
  /** Every limit that this alarm made known, in order; the newest ones. */
  readonly crossings: readonly Crossing[];
  /** Rises with each change that people see; what only the off-delay counts does not raise it. */
  readonly version: number;
};

/** One item of the operator's list. */
export type GroupState = {
  readonly id: string;
  readonly list: AlarmList;
  readonly basin: string | null;
  readonly headline: string;
  readonly priority: Priority;
  readonly firstOut: string;
  readonly openedAtMs: number;
  readonly acknowledged: AcknowledgedBy | null;
  readonly annunciation: number;
  readonly annunciatedAtMs: number | null;
  readonly escalation: number;
  readonly closedAtMs: number | null;
  readonly drill: string | null;
  /** Since when somebody has been waited for: the escalation's clock, which a repeated call does not restart. */
  readonly unansweredSinceMs: number | null;
  /** The version of its newest call: who saw that one, or a later one, can answer it. */
  readonly calledVersion: number;
  /** The version that its newest answer was to: what has called since then is not answered. */
  readonly answeredVersion: number;
  readonly version: number;
};

export const priorityRank: Readonly<Record<Priority, number>> = { low: 0, medium: 1, high: 2 };

export function louder(a: Priority, b: Priority): Priority {
  return priorityRank[a] >= priorityRank[b] ? a : b;
}

/** A line of an alarm's history, as the journal keeps it. */
export type TransitionDraft = {
  readonly kind: TransitionKind;
  readonly alarm: string | null;
  readonly group: string;
  readonly actor: Actor;
  readonly reason: string | null;
  readonly priority: Priority;
  readonly evidence: Evidence;
};
