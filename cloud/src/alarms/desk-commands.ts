/** What people do at the desk. Each is one decision on the present state: refused as a value, or audited and committed. */
import type { AlarmState, GroupState } from '../domain/alarm.ts';
import { acknowledgeGroup } from '../domain/alarm-group.ts';
import { type AlarmInput, live } from '../domain/alarm-life.ts';
import type { StateStore } from '../ports.ts';
import type { Acting, AlarmDesk, Done, Refused, Seen } from './desk.ts';
import { isInReach } from './desk-queries.ts';
import type { Draft } from './draft.ts';
import { scenarioOf } from './drills.ts';
import { alarmKind, groupKind, outOfServiceId } from './records.ts';
import { endDrillIn, type RoundContext, settleGroups, settleStation, silenceOf } from './round.ts';
import { alarmToWire, groupToWire } from './wire.ts';

type Decide = <T>(decision: (draft: Draft) => Done<T> | Promise<Done<T>>) => Promise<Done<T>>;
type Commands = Pick<
  AlarmDesk,
  | 'acknowledge'
  | 'acknowledgeGroup'
  | 'shelve'
  | 'unshelve'
  | 'reset'
  | 'outOfService'
  | 'inService'
  | 'startDrill'
  | 'endDrill'
>;

const longestShelfMs = 24 * 3_600_000;
const longestTopShelfMs = 30 * 60_000;
const longestDrillMin = 8 * 60;

export function deskCommands({
  decide,
  context,
  state,
}: {
  decide: Decide;
  context: RoundContext;
  state: Pick<StateStore, 'record'>;
}): Commands {
  /** The open alarm as the person saw it. */
  async function seenAlarm(draft: Draft, acting: Acting, { id, version }: Seen): Promise<Done<AlarmState>> {
    const alarm = draft.alarm(id) ?? (await state.record(alarmKind, id))?.body;
    if (alarm === undefined || !isInReach(alarm, acting.drill)) return refused('not-found', `There is no alarm ${id}.`);
    if (alarm.closedAtMs !== null) return refused('not-now', `Alarm ${id} is closed.`);
    if (alarm.version !== version) return refused('stale-version', `Alarm ${id} has changed since; look at it again.`);
    return done(alarm);
  }

  /** Lets it happen to the alarm, with a line in the audit. */
  function act(draft: Draft, acting: Acting, alarm: AlarmState, input: AlarmInput, reason: string | null): AlarmState {
    const after = draft.lived(live(alarm, input, draft.nowMs));
    draft.audit({
      actor: acting.actor,
      act: `alarm.${input.kind}`,
      subject: alarm.id,
      reason,
      before: judgedOf(alarm),
      after: judgedOf(after),
    });
    return after;
  }

  /** One alarm, one act. `refuse` says what stands against it. */
  function command(
    acting: Acting,
    seen: Seen,
    inputOf: (draft: Draft, alarm: AlarmState) => AlarmInput,
    refuse: (alarm: AlarmState, draft: Draft) => Refused | null,
  ): Promise<Done<AlarmState>> {
    return decide(async (draft) => {
      const found = await seenAlarm(draft, acting, seen);
      if (!found.ok) return found;
      const refusal = refuse(found.value, draft);
      if (refusal !== null) return refusal;
      const input = inputOf(draft, found.value);
      const after = act(draft, acting, found.value, input, 'reason' in input ? input.reason : null);
      settleGroups(draft, context);
      return done(after);
    });
  }

  return {
    acknowledge: (acting, seen, reason) =>
      decide(async (draft) => {
        const after: AlarmState[] = [];
        for (const each of seen) {
          const found = await seenAlarm(draft, acting, each);
          if (!found.ok) return found;
          const { id, acknowledged } = found.value;
          if (acknowledged !== null) return refused('not-now', `Alarm ${id} is acknowledged already.`);
          const input = { kind: 'acknowledge', by: acting.actor, reason: reason ?? null } as const;
          after.push(act(draft, acting, found.value, input, reason ?? null));
        }
        settleGroups(draft, context);
        return done(after);
      }),

    acknowledgeGroup: (acting, { id, version }) =>
      decide<GroupState>(async (draft) => {
        const before = draft.group(id) ?? (await state.record(groupKind, id))?.body;
        if (before === undefined || !isInReach(before, acting.drill))
          return refused('not-found', `There is no group ${id}.`);
        if (before.closedAtMs !== null) return refused('not-now', `Group ${id} is closed.`);
        if (before.annunciation === 0) return refused('not-now', `Group ${id} is silent: it has called nobody.`);
        if (before.acknowledged !== null) return refused('not-now', `Group ${id} is acknowledged already.`);
        // Its headline changes with every alarm in it: who saw its newest call may answer it.
        if (version < before.calledVersion || version > before.version)
          return refused('stale-version', `Group ${id} has called again since; look at it again.`);
        const after = draft.grouped(acknowledgeGroup(before, acting.actor, version, draft.nowMs));
        draft.audit({
          actor: acting.actor,
          act: 'group.acknowledge',
          subject: id,
          before: groupToWire(before),
          after: groupToWire(after),
        });
        return done(after);
      }),

    shelve: (acting, seen, { untilMs, oneShot, reason }) =>
      command(
        acting,
        seen,
        () => ({ kind: 'shelve', by: acting.actor, untilMs, oneShot, reason }),
        (alarm, { nowMs }) => {
          if (reason.trim() === '') return refused('invalid', 'Shelving needs a reason.');
          if (untilMs <= nowMs) return refused('invalid', 'The shelf must end in the future.');
          if (untilMs - nowMs > longestShelfMs) return refused('invalid', 'A shelf lasts 24 hours at most.');
          if (alarm.priority === 'high' && !acting.mayShelveTop)
            return refused('not-permitted', 'Only a supervisor may shelve an alarm of the top priority.');
          if (alarm.priority === 'high' && untilMs - nowMs > longestTopShelfMs)
            return refused('not-permitted', 'An alarm of the top priority may be shelved for 30 minutes at most.');
          // Shelf after shelf would keep it silent for ever: it must come back between.
          if (alarm.priority === 'high' && alarm.suppression?.kind === 'shelved' && untilMs > alarm.suppression.untilMs)
            return refused('not-permitted', 'A shelf of the top priority cannot be made longer: take it back first.');
          if (alarm.suppression !== null && alarm.suppression.kind !== 'shelved')
            return refused('not-now', `It is silent already (${alarm.suppression.kind}).`);
          if (alarm.condition === 'returned') return refused('not-now', 'It has returned to normal.');
          return null;
        },
      ),

    unshelve: (acting, seen) =>
      command(
        acting,
        seen,
        (draft, alarm) => ({
          kind: 'unshelve',
          by: acting.actor,
          silence: silenceOf(draft, alarm, undefined, context),
        }),
        ({ suppression }) => (suppression?.kind === 'shelved' ? null : refused('not-now', 'It is not shelved.')),
      ),

    reset: (acting, seen) =>
      command(
        acting,
        seen,
        () => ({ kind: 'reset', by: acting.actor }),
        ({ condition, latched }) =>
          condition === 'returned' && latched
            ? null
            : refused('not-now', 'Only a returned, latched alarm can be reset.'),
      ),

    outOfService: (acting, { station, rule, untilMs, reason }) =>
      decide<null>((draft) => {
        if (context.catalogue.station(station) === undefined)
          return refused('not-found', `No station ${JSON.stringify(station)} in the catalogue.`);
        if (reason.trim() === '') return refused('invalid', 'Taking out of service needs a reason.');
        if (untilMs !== null && untilMs <= draft.nowMs) return refused('invalid', 'It must end in the future.');
        const before = draft.outOfService(outOfServiceId({ station, rule })) ?? null;
        const after = { station, rule, by: acting.actor, atMs: draft.nowMs, untilMs, reason };
        draft.service(after, false);
        const subject = outOfServiceId(after);
        draft.audit({ actor: acting.actor, act: 'station.out-of-service', subject, reason, before, after });
        settleStation(draft, station, context);
        return done(null);
      }),

    inService: (acting, { station, rule, reason }) =>
      decide<null>((draft) => {
        const subject = outOfServiceId({ station, rule });
        const before = draft.outOfService(subject);
        if (before === undefined) return refused('not-now', `${subject} is not out of service.`);
        draft.service(before, true);
        draft.audit({ actor: acting.actor, act: 'station.in-service', subject, reason, before, after: null });
        settleStation(draft, station, context);
        return done(null);
      }),

    startDrill: (acting, { scenario, minutes, participants }) =>
      decide((draft) => {
        const played = scenarioOf(scenario);
        if (played === undefined) return refused('invalid', `There is no scenario ${JSON.stringify(scenario)}.`);
        if (minutes < 1 || minutes > longestDrillMin)
          return refused('invalid', `A drill lasts 1 to ${longestDrillMin} minutes.`);
        if (participants.length === 0) return refused('invalid', 'A drill needs participants.');
        for (const { id, participants: others } of draft.memory.drills.values()) {
          const both = participants.find((person) => others.includes(person));
          if (both !== undefined) return refused('not-now', `${both} takes part in drill ${id} already.`);
        }
        const drill = {
          id: context.mintId(),
          scenario,
          title: played.title,
          startedAtMs: draft.nowMs,
          endsAtMs: draft.nowMs + minutes * 60_000,
          endedAtMs: null,
          startedBy: acting.actor,
          participants: [...new Set(participants)],
        };
        draft.drill(drill);
        draft.audit({ actor: acting.actor, act: 'drill.start', subject: drill.id, after: drill });
        return done(drill);
      }),

    endDrill: (acting, id) =>
      decide(async (draft) => {
        const drill = draft.memory.drills.get(id);
        if (drill === undefined) return refused('not-found', `No drill ${id} is running.`);
        endDrillIn(draft, id, 'The drill was ended.');
        settleGroups(draft, context);
        const after = { ...drill, endedAtMs: draft.nowMs };
        draft.audit({ actor: acting.actor, act: 'drill.end', subject: id, before: drill, after });
        return done(after);
      }),
  };
}

function done<T>(value: T): Done<T> {
  return { ok: true, value };
}

function refused(code: Refused['code'], reason: string): Refused {
  return { ok: false, code, reason };
}

/** What of an alarm an act can change: for before and after in the audit. */
function judgedOf(alarm: AlarmState) {
  const { condition, acknowledged, suppression, latched, priority, severity, closedAt, version } = alarmToWire(alarm);
  return { condition, acknowledged, suppression, latched, priority, severity, closedAt, version };
}
