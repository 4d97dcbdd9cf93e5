/** The desk's states as the protocol tells them: times as ISO text. */
import type { Alarm, AlarmGroup, AlarmTransition, Drill, Suppression } from '@siaga/protocol';
import type { AcknowledgedBy, AlarmState, GroupState, SuppressionState, TransitionDraft } from '../domain/alarm.ts';
import type { JournalLine } from '../ports.ts';
import type { DrillState } from './records.ts';

export function alarmToWire(state: AlarmState): Alarm {
  const { id, key, rule, list, subject, station, basin, group, priority, severity, headline, response } = state;
  const { evidence, condition, latched, drill, version } = state;
  return {
    id,
    key,
    rule,
    list,
    subject,
    station,
    basin,
    group,
    priority,
    severity,
    headline,
    response,
    evidence,
    condition,
    acknowledged: acknowledgedToWire(state.acknowledged),
    suppression: suppressionToWire(state.suppression),
    latched,
    since: iso(state.sinceMs),
    knownAt: iso(state.knownAtMs),
    annunciatedAt: isoOrNull(state.annunciatedAtMs),
    returnedAt: isoOrNull(state.returnedAtMs),
    closedAt: isoOrNull(state.closedAtMs),
    drill,
    version,
  };
}

export function groupToWire(state: GroupState): AlarmGroup {
  const { id, list, basin, headline, priority, firstOut, annunciation, escalation, drill, version } = state;
  return {
    id,
    list,
    basin,
    headline,
    priority,
    firstOut,
    openedAt: iso(state.openedAtMs),
    acknowledged: acknowledgedToWire(state.acknowledged),
    annunciation,
    annunciatedAt: isoOrNull(state.annunciatedAtMs),
    escalation,
    closedAt: isoOrNull(state.closedAtMs),
    drill,
    version,
  };
}

export function transitionToWire({ no, atMs, body }: JournalLine<TransitionDraft>): AlarmTransition {
  return { no, at: iso(atMs), ...body };
}

export function drillToWire(state: DrillState): Drill {
  const { id, scenario, title, startedBy, participants } = state;
  return {
    id,
    scenario,
    title,
    startedAt: iso(state.startedAtMs),
    endsAt: iso(state.endsAtMs),
    endedAt: isoOrNull(state.endedAtMs),
    startedBy,
    participants: [...participants],
  };
}

function acknowledgedToWire(state: AcknowledgedBy | null): Alarm['acknowledged'] {
  return state === null ? null : { by: state.by, at: iso(state.atMs) };
}

function suppressionToWire(state: SuppressionState | null): Suppression | null {
  if (state === null) return null;
  const at = iso(state.atMs);
  switch (state.kind) {
    case 'shelved': {
      const { kind, by, untilMs, oneShot, reason } = state;
      return { kind, by, at, until: iso(untilMs), oneShot, reason };
    }
    case 'out-of-service': {
      const { kind, by, untilMs, reason } = state;
      return { kind, by, at, until: isoOrNull(untilMs), reason };
    }
    case 'by-design':
      return { kind: state.kind, at, reason: state.reason };
    case 'maintenance':
      return { kind: state.kind, at };
  }
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

export function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : iso(ms);
}
