import type { AlarmState } from '../domain/alarm.ts';
import type { StateStore } from '../ports.ts';
import type { AlarmDesk } from './desk.ts';
import type { DeskMemory } from './desk-memory.ts';
import { alarmKind, drillKind, groupKind, transitionKind } from './records.ts';
import type { KnownCrossing } from './rule.ts';
import { alarmToWire, groupToWire, transitionToWire } from './wire.ts';

/** The most lines read of one alarm or group. */
const linesOfOne = 1000;
const linesAtOnce = 5000;

/** What is asked of the desk. */
export function deskQueries({
  memory,
  state,
}: {
  memory: () => DeskMemory;
  state: Pick<StateStore, 'record' | 'records' | 'journal'>;
}): Pick<AlarmDesk, 'detail' | 'history' | 'madeKnown' | 'drills' | 'drillOf' | 'transitions'> {
  return {
    async detail(id, drill) {
      const alarm = memory().alarms.get(id) ?? (await state.record(alarmKind, id))?.body;
      if (alarm === undefined || !isInReach(alarm, drill)) return undefined;
      const group = memory().groups.get(alarm.group) ?? (await state.record(groupKind, alarm.group))?.body;
      if (group === undefined) return undefined;
      const lines = [
        ...(await state.journal(transitionKind, { subject: id, limit: linesOfOne })),
        ...(await state.journal(transitionKind, { subject: group.id, limit: linesOfOne })),
      ].sort((a, b) => a.no - b.no);
      return { alarm: alarmToWire(alarm), group: groupToWire(group), transitions: lines.map(transitionToWire) };
    },
    async history({ drill, ...query }) {
      const kept = await state.records(alarmKind, query);
      return kept.map(({ body }) => body).filter((alarm) => isInReach(alarm, drill));
    },
    madeKnown(station, fromMs) {
      const known = memory().crossed.get(station);
      if (known === undefined) return [];
      return [...known.values()].flatMap(({ rule, key, crossings, returnedAtMs, severity: standing }) =>
        returnedAtMs !== null && returnedAtMs < fromMs
          ? []
          : crossings.map((crossing): KnownCrossing => ({ rule, key, returnedAtMs, standing, ...crossing })),
      );
    },
    drills: async (limit) => (await state.records(drillKind, { limit })).map(({ body }) => body),
    drillOf(account) {
      for (const { id, participants } of memory().drills.values()) if (participants.includes(account)) return id;
      return null;
    },
    async transitions(span) {
      const lines = [];
      for (let before: number | undefined; ; ) {
        const page = await state.journal(transitionKind, {
          ...span,
          limit: linesAtOnce,
          ...(before === undefined ? {} : { before }),
        });
        lines.push(...page);
        before = page.at(-1)?.no;
        if (page.length < linesAtOnce) return lines.reverse();
      }
    },
  };
}

/** A drill's alarms are seen by those who take part in it. */
export function isInReach({ drill }: Pick<AlarmState, 'drill'>, of: string | null): boolean {
  return drill === null || drill === of;
}
