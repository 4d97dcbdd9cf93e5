import type { AlarmState, TransitionDraft } from '../domain/alarm.ts';
import type { JournalLine, RecordKind, StateStore } from '../ports.ts';
import type { AlarmDesk } from './desk.ts';
import type { DeskMemory } from './desk-memory.ts';
import { type KpiSpan, kpisOf } from './kpis.ts';
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
}): Pick<AlarmDesk, 'detail' | 'history' | 'madeKnown' | 'drills' | 'drillOf' | 'kpis'> {
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
    async kpis(span, operators) {
      const lines = await linesOf(span);
      const alarms = await recordsOf(alarmKind, memory().alarms, lines, ({ body }) => body.alarm);
      const groups = await recordsOf(groupKind, memory().groups, lines, ({ body }) => body.group);
      const real = lines.filter(({ body }) => groups.get(body.group)?.drill === null);
      for (const alarm of memory().alarms.values()) alarms.set(alarm.id, alarm);
      for (const { id, drill } of [...alarms.values()]) if (drill !== null) alarms.delete(id);
      return kpisOf(real, alarms, span, operators);
    },
  };

  /** Every line of the span, oldest first. */
  async function linesOf(span: KpiSpan): Promise<JournalLine<TransitionDraft>[]> {
    const lines = [];
    for (let before: number | undefined; ; ) {
      const place = before === undefined ? {} : { before };
      const page = await state.journal(transitionKind, { ...span, ...place, limit: linesAtOnce });
      lines.push(...page);
      before = page.at(-1)?.no;
      if (page.length < linesAtOnce) return lines.reverse();
    }
  }

  /** What the lines are of, from memory or from the store. */
  async function recordsOf<T>(
    kind: RecordKind<T>,
    atHand: ReadonlyMap<string, T>,
    lines: readonly JournalLine<TransitionDraft>[],
    idOf: (line: JournalLine<TransitionDraft>) => string | null,
  ): Promise<Map<string, T>> {
    const found = new Map<string, T>();
    for (const id of new Set(lines.map(idOf))) {
      if (id === null) continue;
      const body = atHand.get(id) ?? (await state.record(kind, id))?.body;
      if (body !== undefined) found.set(id, body);
    }
    return found;
  }
}

/** A drill's alarms are seen by those who take part in it. */
export function isInReach({ drill }: Pick<AlarmState, 'drill'>, of: string | null): boolean {
  return drill === null || drill === of;
}
