/** What a message about a group tells of: gathered when it is sent, never before. */
import type { Alarm, AlarmGroup, Band, StationId, StationLevel, StationValue } from '@siaga/protocol';
import { type AlarmState, type GroupState, priorityRank } from '../../domain/alarm.ts';
import type { Episode } from '../../domain/episode.ts';

/** What is known of a station now. */
export type StationLook = {
  readonly name: string;
  readonly bands: readonly Band[];
  readonly level: StationLevel;
  readonly value: StationValue | null;
};

/** What is told of an alarm. */
export type AlarmLook = Pick<
  AlarmState,
  | 'id'
  | 'rule'
  | 'station'
  | 'priority'
  | 'severity'
  | 'headline'
  | 'response'
  | 'condition'
  | 'sinceMs'
  | 'returnedAtMs'
> & { readonly silent: boolean };

export type TellOf = {
  readonly alarm: AlarmLook;
  readonly station: StationLook | null;
  /** The highest stage that the condition brought; null where it is not known. */
  readonly peak: Pick<Episode, 'peakStageMm' | 'peakAtMs' | 'peakAtLeast'> | null;
};

export type Situation = {
  readonly deployment: string;
  readonly timeZone: string;
  readonly nowMs: number;
  readonly group: Pick<GroupState, 'id' | 'list' | 'basin' | 'priority' | 'annunciation' | 'headline' | 'drill'>;
  /** Null while it is open. */
  readonly closedAtMs: number | null;
  readonly acknowledged: { readonly name: string; readonly atMs: number } | null;
  /** Worst first; those that are shelved or suppressed last. */
  readonly alarms: readonly TellOf[];
  readonly link: string | null;
};

/** What the dispatcher needs of the desk's open groups and alarms. */
export type OpenGroup = Situation['group'] & Pick<GroupState, 'firstOut' | 'acknowledged' | 'escalation'>;
export type OpenAlarm = Omit<AlarmLook, 'silent'> & Pick<AlarmState, 'group' | 'suppression'>;

/** The alarm desk as the dispatcher sees it. */
export type DeskSight = {
  view(): { readonly alarms: readonly OpenAlarm[]; readonly groups: readonly OpenGroup[] };
  /** Open or closed. */
  detail(
    alarm: string,
    drill: string | null,
  ): Promise<{ readonly alarm: Alarm; readonly group: Pick<AlarmGroup, 'closedAt'> } | undefined>;
};

/** What the situation is gathered from. */
export type Sight = {
  station(id: StationId): StationLook | undefined;
  /** Episodes of a station that end after `fromMs` or last, as known now. */
  episodes(station: StationId, fromMs: number): readonly Episode[];
};

export function lookOf(alarm: OpenAlarm): AlarmLook {
  const { id, rule, station, priority, severity, headline, response, condition, sinceMs, returnedAtMs } = alarm;
  return {
    id,
    rule,
    station,
    priority,
    severity,
    headline,
    response,
    condition,
    sinceMs,
    returnedAtMs,
    silent: alarm.suppression !== null,
  };
}

/** The same of an alarm as its detail gives it. */
export function lookOfWire(alarm: Alarm): AlarmLook {
  const { id, rule, station, priority, severity, headline, response, condition, since, returnedAt } = alarm;
  return {
    id,
    rule,
    station,
    priority,
    severity,
    headline,
    response,
    condition,
    sinceMs: Date.parse(since),
    returnedAtMs: returnedAt === null ? null : Date.parse(returnedAt),
    silent: alarm.suppression !== null,
  };
}

/** The order in which alarms are told: what calls, what is active, the worst, the newest. */
export function worstFirst(a: AlarmLook, b: AlarmLook): number {
  return (
    Number(a.silent) - Number(b.silent) ||
    Number(a.condition === 'returned') - Number(b.condition === 'returned') ||
    priorityRank[b.priority] - priorityRank[a.priority] ||
    (b.severity ?? 0) - (a.severity ?? 0) ||
    b.sinceMs - a.sinceMs ||
    (a.id < b.id ? -1 : 1)
  );
}

export function tellOf(alarm: AlarmLook, sight: Sight, closedAtMs: number | null): TellOf {
  const station = alarm.station === null ? undefined : sight.station(alarm.station);
  return { alarm, station: station ?? null, peak: peakOf(alarm, sight, closedAtMs) };
}

/** Of the episodes that touch the alarm's span. */
function peakOf(alarm: AlarmLook, sight: Sight, closedAtMs: number | null): TellOf['peak'] {
  if (alarm.station === null || alarm.severity === null) return null;
  const endMs = closedAtMs ?? Number.POSITIVE_INFINITY;
  let highest: Episode | null = null;
  for (const episode of sight.episodes(alarm.station, alarm.sinceMs))
    if (episode.sinceMs <= endMs && (highest === null || episode.peakStageMm > highest.peakStageMm)) highest = episode;
  return highest;
}
