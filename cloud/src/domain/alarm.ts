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
  /** Since when the condition has been gone, or at a lower priority, while the off-delay runs; null while it holds. */
  readonly easingSinceMs: number | null;
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
  readonly version: number;
};

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
