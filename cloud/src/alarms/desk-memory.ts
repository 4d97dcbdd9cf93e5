import type { StationId } from '@siaga/protocol';
import type { AlarmState, GroupState } from '../domain/alarm.ts';
import type { StateStore } from '../ports.ts';
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
} from './records.ts';

/** What the desk has at hand: everything open, and what alarms of the last days made known. */
export type DeskMemory = {
  readonly alarms: Map<string, AlarmState>;
  /** Ids of open alarms by what they are about. */
  readonly byKey: Map<string, string>;
  readonly groups: Map<string, GroupState>;
  readonly pendings: Map<string, Pending>;
  readonly outOfService: Map<string, OutOfService>;
  readonly drills: Map<string, DrillState>;
  /** Alarms that told of crossings, open and recently closed. */
  readonly crossed: Map<StationId, Map<string, AlarmState>>;
};

/** Longer than water travels through any of our rivers. */
const rememberedMs = 7 * 24 * 3_600_000;

export function emptyMemory(): DeskMemory {
  return {
    alarms: new Map(),
    byKey: new Map(),
    groups: new Map(),
    pendings: new Map(),
    outOfService: new Map(),
    drills: new Map(),
    crossed: new Map(),
  };
}

/** Reads what the store keeps: at the start, and whenever it is not known what a failed commit has left. */
export async function loadMemory(state: Pick<StateStore, 'records'>, nowMs: number): Promise<DeskMemory> {
  const memory = emptyMemory();
  for (const { body } of await state.records(alarmKind, { fromMs: nowMs - rememberedMs }))
    remember(memory, body, nowMs);
  for (const { body } of await state.records(alarmKind, { open: true })) remember(memory, body, nowMs);
  for (const { body } of await state.records(groupKind, { open: true })) memory.groups.set(body.id, body);
  for (const { body } of await state.records(pendingKind, { open: true })) memory.pendings.set(body.key, body);
  for (const { body } of await state.records(outOfServiceKind, { open: true }))
    memory.outOfService.set(outOfServiceId(body), body);
  for (const { body } of await state.records(drillKind, { open: true })) memory.drills.set(body.id, body);
  return memory;
}

/** Takes the after-image of an alarm into memory. */
export function remember(memory: DeskMemory, alarm: AlarmState, nowMs: number): void {
  if (alarm.closedAtMs === null) {
    memory.alarms.set(alarm.id, alarm);
    memory.byKey.set(alarm.key, alarm.id);
  } else {
    memory.alarms.delete(alarm.id);
    if (memory.byKey.get(alarm.key) === alarm.id) memory.byKey.delete(alarm.key);
  }
  if (alarm.station !== null && alarm.drill === null && alarm.crossings.length > 0)
    rememberCrossed(memory, alarm.station, alarm, nowMs);
}

function rememberCrossed({ crossed }: DeskMemory, station: StationId, alarm: AlarmState, nowMs: number): void {
  const known = crossed.get(station) ?? new Map<string, AlarmState>();
  crossed.set(station, known);
  known.set(alarm.id, alarm);
  for (const { id, closedAtMs } of known.values())
    if (closedAtMs !== null && closedAtMs < nowMs - rememberedMs) known.delete(id);
}
