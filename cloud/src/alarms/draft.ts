/**
 * One decision of the desk on its way to the store: alarms, groups and the rest as they will be, and every line that
 * says so. `work()` is the one commit; `apply()` brings the memory up to date after it.
 */
import type { AlarmState, GroupState, TransitionDraft } from '../domain/alarm.ts';
import type { GroupStep } from '../domain/alarm-group.ts';
import type { LifeEvent, Lived } from '../domain/alarm-life.ts';
import { type AuditDraft, type ChangeDraft, type JournalDraft, type Put, put, type StateWork } from '../ports.ts';
import { type DeskMemory, remember } from './desk-memory.ts';
import {
  alarmKind,
  type DrillState,
  drillKind,
  groupKind,
  type OutOfService,
  outOfServiceId,
  outOfServiceKind,
  type Pending,
  pendingKind,
  transitionKind,
} from './records.ts';
import { alarmToWire, drillToWire, groupToWire } from './wire.ts';

export type Draft = ReturnType<typeof createDraft>;

export function createDraft(memory: DeskMemory, nowMs: number) {
  const alarms = new Map<string, AlarmState>();
  const groups = new Map<string, GroupState>();
  const pendings = new Map<string, Pending | null>();
  const services = new Map<string, { body: OutOfService; closed: boolean }>();
  const drills = new Map<string, DrillState>();
  const lines: TransitionDraft[] = [];
  const acts: AuditDraft[] = [];

  function line(event: LifeEvent, of: Pick<TransitionDraft, 'alarm' | 'group' | 'priority'>): void {
    const { kind, actor, reason, evidence } = event;
    lines.push({ kind, ...of, actor, reason, evidence });
  }

  return {
    nowMs,
    memory,
    alarm: (id: string) => alarms.get(id) ?? memory.alarms.get(id),
    group: (id: string) => groups.get(id) ?? memory.groups.get(id),
    /** Every alarm that is open once this is done. */
    openAlarms(): AlarmState[] {
      const all = new Map([...memory.alarms, ...alarms]);
      return [...all.values()].filter(({ closedAtMs }) => closedAtMs === null);
    },
    openGroups(): GroupState[] {
      const all = new Map([...memory.groups, ...groups]);
      return [...all.values()].filter(({ closedAtMs }) => closedAtMs === null);
    },
    lived({ alarm: lived, events, called }: Lived): AlarmState {
      const alarm = called ? { ...lived, calledAtVersion: this.group(lived.group)?.version ?? 0 } : lived;
      if (alarm !== this.alarm(alarm.id)) alarms.set(alarm.id, alarm);
      for (const event of events) line(event, { alarm: alarm.id, group: alarm.group, priority: alarm.priority });
      return alarm;
    },
    grouped({ group, events }: GroupStep): GroupState {
      if (group !== this.group(group.id)) groups.set(group.id, group);
      for (const event of events) line(event, { alarm: null, group: group.id, priority: group.priority });
      return group;
    },
    pend: (pending: Pending) => void pendings.set(pending.key, pending),
    unpend(key: string): void {
      if (memory.pendings.has(key)) pendings.set(key, null);
      else pendings.delete(key);
    },
    /** In force once this is done. */
    outOfService(id: string): OutOfService | undefined {
      const drafted = services.get(id);
      if (drafted !== undefined) return drafted.closed ? undefined : drafted.body;
      return memory.outOfService.get(id);
    },
    service: (body: OutOfService, closed: boolean) => void services.set(outOfServiceId(body), { body, closed }),
    drill: (drill: DrillState) => void drills.set(drill.id, drill),
    audit: (act: AuditDraft) => void acts.push(act),

    isEmpty: () => alarms.size + groups.size + pendings.size + services.size + drills.size + acts.length === 0,

    work(lease: StateWork['lease']): StateWork {
      const puts: Put[] = [];
      const removes: { kind: typeof pendingKind; id: string }[] = [];
      const changes: ChangeDraft[] = [];
      for (const drill of drills.values()) {
        puts.push(
          put({
            kind: drillKind,
            id: drill.id,
            body: drill,
            atMs: drill.startedAtMs,
            closed: drill.endedAtMs !== null,
          }),
        );
        changes.push({ kind: 'drill', id: drill.id, drill: drillToWire(drill) });
      }
      for (const group of groups.values()) {
        const { id, openedAtMs, closedAtMs } = group;
        puts.push(put({ kind: groupKind, id, body: group, atMs: openedAtMs, closed: closedAtMs !== null }));
        if (group.version !== memory.groups.get(id)?.version)
          changes.push({ kind: 'group', id, group: groupToWire(group) });
      }
      for (const alarm of alarms.values()) {
        const { id, station, subject, knownAtMs, closedAtMs } = alarm;
        const closed = closedAtMs !== null;
        puts.push(put({ kind: alarmKind, id, body: alarm, subject: station ?? subject.id, atMs: knownAtMs, closed }));
        if (alarm.version !== memory.alarms.get(id)?.version)
          changes.push({ kind: 'alarm', id, alarm: alarmToWire(alarm) });
      }
      for (const [key, pending] of pendings)
        if (pending === null) removes.push({ kind: pendingKind, id: key });
        else puts.push(put({ kind: pendingKind, id: key, body: pending, atMs: pending.sinceMs }));
      for (const [id, { body, closed }] of services)
        puts.push(put({ kind: outOfServiceKind, id, body, subject: body.station, atMs: body.atMs, closed }));
      const journal = lines.map(
        (body): JournalDraft => ({ kind: transitionKind, subject: body.alarm ?? body.group, body }),
      );
      return { nowMs, puts, removes, journal, audit: acts, changes, ...(lease === undefined ? {} : { lease }) };
    },

    apply(): void {
      for (const alarm of alarms.values()) remember(memory, alarm, nowMs);
      for (const group of groups.values())
        if (group.closedAtMs === null) memory.groups.set(group.id, group);
        else memory.groups.delete(group.id);
      for (const [key, pending] of pendings)
        if (pending === null) memory.pendings.delete(key);
        else memory.pendings.set(key, pending);
      for (const [id, { body, closed }] of services)
        if (closed) memory.outOfService.delete(id);
        else memory.outOfService.set(id, body);
      for (const drill of drills.values())
        if (drill.endedAtMs === null) memory.drills.set(drill.id, drill);
        else memory.drills.delete(drill.id);
    },
  };
}
