import type { Alarm, AlarmGroup, Priority } from '@siaga/protocol';
import type { Situation, StaffSituation } from '../situation/apply.ts';
import type { StationView } from '../situation/view.ts';

const priorityRank: Readonly<Record<Priority, number>> = { low: 0, medium: 1, high: 2 };

/** Where an alarm stands. `active` and `returned` are unacknowledged; the suppressed ones are silent, never gone. */
export type AlarmStanding =
  | 'active'
  | 'acknowledged'
  | 'returned'
  | 'returned-acknowledged'
  | 'latched'
  | 'shelved'
  | 'suppressed'
  | 'out-of-service'
  | 'closed';

export type AlarmView = {
  readonly alarm: Alarm;
  readonly id: string;
  readonly standing: AlarmStanding;
  /** Calls for attention: shown, and nobody has taken it yet. */
  readonly calling: boolean;
  /** The station's name, or what else it is about. */
  readonly title: string;
  readonly basinName: string | undefined;
  /** The station as it is now; the alarm's own figures are in its evidence. */
  readonly station: StationView | undefined;
  readonly bandLabel: string | undefined;
  readonly stateSinceMs: number;
  readonly firstOut: boolean;
};

export type GroupView = {
  readonly group: AlarmGroup;
  readonly id: string;
  readonly title: string;
  readonly calling: boolean;
  readonly priority: Priority;
  readonly count: number;
  readonly unacknowledged: number;
  readonly stateSinceMs: number;
  readonly ageMs: number;
  /** Of when the figures in its headline are, ms UTC; absent where it gives none. */
  readonly figuresAtMs: number | undefined;
};

export function standingOf(alarm: Alarm): AlarmStanding {
  if (alarm.closedAt !== null) return 'closed';
  if (alarm.suppression?.kind === 'shelved') return 'shelved';
  if (alarm.suppression?.kind === 'out-of-service') return 'out-of-service';
  if (alarm.suppression !== null) return 'suppressed';
  if (alarm.condition === 'active') return alarm.acknowledged ? 'acknowledged' : 'active';
  if (!alarm.acknowledged) return 'returned';
  return alarm.latched ? 'latched' : 'returned-acknowledged';
}

/**
 * Of when headline and evidence are, ms UTC: an alarm keeps the figures of its last step, while the station's go on.
 */
export function figuresAtMs({ evidence, annunciatedAt, knownAt }: Alarm): number {
  const { observedAt } = evidence;
  return Date.parse(typeof observedAt === 'string' ? observedAt : (annunciatedAt ?? knownAt));
}

/** When it came to stand as it does, ms UTC. */
function stateSinceMs(alarm: Alarm): number {
  const standing = standingOf(alarm);
  const at = (text: string | null | undefined) => Date.parse(text ?? alarm.knownAt);
  if (standing === 'closed') return at(alarm.closedAt);
  if (alarm.suppression) return at(alarm.suppression.at);
  if (standing === 'active') return at(alarm.annunciatedAt);
  if (standing === 'returned') return at(alarm.returnedAt);
  return Math.max(at(alarm.acknowledged?.at), alarm.returnedAt === null ? 0 : at(alarm.returnedAt));
}

function basinNameOf(basins: Situation['basins'], id: string | null): string | undefined {
  return id === null ? undefined : (basins.find((basin) => basin.id === id)?.name ?? id);
}

/** One alarm with the station that it is about. */
export function alarmViewOf(
  alarm: Alarm,
  situation: Pick<Situation, 'basins'>,
  groups: StaffSituation['groups'],
  stations: ReadonlyMap<string, StationView>,
): AlarmView {
  const station = alarm.station === null ? undefined : stations.get(alarm.station);
  const standing = standingOf(alarm);
  return {
    alarm,
    id: alarm.id,
    standing,
    calling: standing === 'active' || standing === 'returned',
    title: station?.name ?? alarm.station ?? capitalised(alarm.subject.id),
    basinName: basinNameOf(situation.basins, alarm.basin),
    station,
    bandLabel:
      alarm.severity === null ? undefined : station?.bands.find((band) => band.severity === alarm.severity)?.label,
    stateSinceMs: stateSinceMs(alarm),
    firstOut: groups.get(alarm.group)?.firstOut === alarm.id,
  };
}

/** `disk` → "Disk": parts of the platform have no name of their own. */
function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A group over those of its alarms that are shown. Its priority is the worst among them, or what it last called at. */
export function groupViewOf(
  group: AlarmGroup,
  members: readonly AlarmView[],
  basins: Situation['basins'],
  nowMs: number,
): GroupView {
  const worst = members.map(({ alarm }) => alarm.priority).sort(byPriority)[0];
  const openedMs = Date.parse(group.openedAt);
  const told = members.find(({ alarm }) => group.headline.includes(alarm.headline));
  return {
    group,
    id: group.id,
    title: basinNameOf(basins, group.basin) ?? '',
    calling: callsFor(group, members),
    priority: worst ?? group.priority,
    count: members.length,
    unacknowledged: members.filter(({ calling }) => calling).length,
    stateSinceMs: Date.parse(group.acknowledged?.at ?? group.annunciatedAt ?? group.openedAt),
    ageMs: Math.max(0, nowMs - openedMs),
    figuresAtMs: told && figuresAtMs(told.alarm),
  };
}

/** A group calls until it is answered: acknowledged itself, or each of its alarms. One that was silent never called. */
function callsFor({ acknowledged, annunciation }: AlarmGroup, members: readonly AlarmView[]): boolean {
  return acknowledged === null && annunciation > 0 && members.some(({ calling }) => calling);
}

/** Highest first. */
export function byPriority(a: Priority, b: Priority): number {
  return priorityRank[b] - priorityRank[a];
}

export type AlarmCounts = {
  readonly open: number;
  readonly unacknowledged: number;
  readonly shelved: number;
  readonly suppressed: number;
  readonly outOfService: number;
};

export function countAlarms(alarms: Iterable<Alarm>): AlarmCounts {
  const standings = [...alarms].map(standingOf);
  const count = (...wanted: AlarmStanding[]) => standings.filter((standing) => wanted.includes(standing)).length;
  return {
    open: standings.length - count('shelved', 'suppressed', 'out-of-service', 'closed'),
    unacknowledged: count('active', 'returned'),
    shelved: count('shelved'),
    suppressed: count('suppressed'),
    outOfService: count('out-of-service'),
  };
}

/** The lists that the counts open. */
export const shelves = ['open', 'unacknowledged', 'shelved', 'suppressed', 'outOfService'] as const;
export type Shelf = (typeof shelves)[number];

export function isOn(shelf: Shelf, alarm: Alarm): boolean {
  const standing = standingOf(alarm);
  if (shelf === 'shelved') return standing === 'shelved';
  if (shelf === 'suppressed') return standing === 'suppressed';
  if (shelf === 'outOfService') return standing === 'out-of-service';
  if (shelf === 'unacknowledged') return standing === 'active' || standing === 'returned';
  return alarm.suppression === null && standing !== 'closed';
}
