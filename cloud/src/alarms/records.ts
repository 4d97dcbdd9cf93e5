/** What the desk keeps: open ones in memory, all of them in the store. */
import type { StationId } from '@siaga/protocol';
import type { Actor, AlarmState, GroupState, TransitionDraft } from '../domain/alarm.ts';
import { recordKind } from '../ports.ts';

/** A condition that waits for its on-delay. `sinceMs`: when it was first found, by the platform's clock. */
export type Pending = {
  readonly key: string;
  readonly rule: string;
  readonly station: StationId | null;
  readonly drill: string | null;
  readonly sinceMs: number;
};

/** A station's rule, or all its rules, that a person took out of service. */
export type OutOfService = {
  readonly station: StationId;
  readonly rule: string | null;
  readonly by: Actor;
  readonly atMs: number;
  readonly untilMs: number | null;
  readonly reason: string;
};

/** An exercise, as the desk keeps it. Times in ms UTC. */
export type DrillState = {
  readonly id: string;
  readonly scenario: string;
  readonly title: string;
  readonly startedAtMs: number;
  readonly endsAtMs: number;
  readonly endedAtMs: number | null;
  readonly startedBy: Actor;
  readonly participants: readonly string[];
};

export const alarmKind = recordKind<AlarmState>('alarm');
export const groupKind = recordKind<GroupState>('alarm-group');
export const pendingKind = recordKind<Pending>('alarm-pending');
export const outOfServiceKind = recordKind<OutOfService>('out-of-service');
export const drillKind = recordKind<DrillState>('drill');
/** By alarm, or by group where it is the group's own. */
export const transitionKind = recordKind<TransitionDraft>('alarm-transition');

export function outOfServiceId({ station, rule }: Pick<OutOfService, 'station' | 'rule'>): string {
  return `${station}/${rule ?? '*'}`;
}
