import { type Static, Type } from 'typebox';
import { StationId } from './identity.ts';
import { Severity } from './severity.ts';

const Time = Type.String({ format: 'date-time' });
const NullableTime = Type.Union([Time, Type.Null()]);
const Text = Type.String({ maxLength: 500 });

/** How soon an operator must act (ISA-18.2); `high` is the top priority. */
export const priorities = ['low', 'medium', 'high'] as const;
export const Priority = Type.Enum(priorities);
export type Priority = (typeof priorities)[number];

/** Two lists: water, and the instruments and programs that watch it. A dead gauge is not a flood alarm. */
export const alarmLists = ['flood', 'health'] as const;
export type AlarmList = (typeof alarmLists)[number];

/** Who acted: an account's id, or `machine`. Names are told apart from it, so that a deletion leaves a tombstone. */
export const Actor = Type.String({ minLength: 1, maxLength: 40, description: "Account id, or 'machine'" });
export type Actor = Static<typeof Actor>;

/** An id made here: alarms, groups, accounts, drills, deliveries. */
export const RecordId = Type.String({ pattern: '^[a-z0-9-]{1,64}$' });

/** The operator's word on an alarm or a group. */
export const Acknowledgement = Type.Object({ by: Actor, at: Time });

/** Why an alarm is silent although its condition may hold: at most one reason at a time. Never invisible, always counted. */
export const Suppression = Type.Union([
  Type.Object({
    kind: Type.Literal('shelved'),
    by: Actor,
    at: Time,
    /** It returns by itself then; a one-shot shelf also ends when the condition returns to normal. */
    until: Time,
    oneShot: Type.Boolean(),
    reason: Text,
  }),
  Type.Object({ kind: Type.Literal('by-design'), at: Time, reason: Text }),
  Type.Object({ kind: Type.Literal('out-of-service'), by: Actor, at: Time, until: NullableTime, reason: Text }),
  Type.Object({ kind: Type.Literal('maintenance'), at: Time }),
]);
export type Suppression = Static<typeof Suppression>;

/** What a judgement rests on, as named values with units in their names: `stageMm`, `limitMm`, `observedAt`. */
export const Evidence = Type.Record(
  Type.String(),
  Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]),
);
export type Evidence = Static<typeof Evidence>;

/** What an alarm is about. */
export const AlarmSubject = Type.Object({
  kind: Type.Enum(['station', 'basin', 'platform', 'channel']),
  id: Type.String(),
});
export type AlarmSubject = Static<typeof AlarmSubject>;

/**
 * A condition that needs an operator's action. Two axes (active or returned; acknowledged or not) and a slot of
 * suppression. It leaves the list when it is returned and acknowledged, a latched one when it was reset too.
 */
export const Alarm = Type.Object(
  {
    id: RecordId,
    /** Names the condition: one open alarm at a time. */
    key: Type.String(),
    rule: Type.String(),
    list: Type.Enum(alarmLists),
    subject: AlarmSubject,
    station: Type.Union([StationId, Type.Null()]),
    basin: Type.Union([Type.String(), Type.Null()]),
    /** The item that an operator sees: one storm in one basin. */
    group: RecordId,
    priority: Priority,
    severity: Type.Union([Severity, Type.Null()]),
    headline: Type.String(),
    /** What to do, from the rule. */
    response: Type.String(),
    evidence: Evidence,
    condition: Type.Enum(['active', 'returned']),
    acknowledged: Type.Union([Acknowledgement, Type.Null()]),
    suppression: Type.Union([Suppression, Type.Null()]),
    /** Returned, but waiting for a person's reset. */
    latched: Type.Boolean(),
    /** When the condition began, in event time. */
    since: Time,
    /** When it was made known. */
    knownAt: Time,
    /** When it last called for attention: raised, stepped up, or repeated. Null while it was silent from the start. */
    annunciatedAt: NullableTime,
    returnedAt: NullableTime,
    closedAt: NullableTime,
    /** The drill it belongs to. Null: real. */
    drill: Type.Union([RecordId, Type.Null()]),
    /** Rises with every change; a command names the one it saw. */
    version: Type.Integer({ minimum: 1 }),
  },
  { $id: 'Alarm' },
);
export type Alarm = Static<typeof Alarm>;

/**
 * What an operator handles as one item: all alarms of a list, basin and drill while any of them is open. First-out:
 * `firstOut` is the alarm that opened it. Acknowledging it acknowledges no alarm in it.
 */
export const AlarmGroup = Type.Object(
  {
    id: RecordId,
    list: Type.Enum(alarmLists),
    basin: Type.Union([Type.String(), Type.Null()]),
    headline: Type.String(),
    /** The priority at its last call; never lowered while that is unanswered. */
    priority: Priority,
    firstOut: RecordId,
    openedAt: Time,
    acknowledged: Type.Union([Acknowledgement, Type.Null()]),
    /** How often it called for attention, and when last. 0: it is silent, since all that is in it always was. */
    annunciation: Type.Integer({ minimum: 0 }),
    annunciatedAt: NullableTime,
    /** How far up the escalation chain it went, by the time since its first unanswered call: a repeated one restarts nothing. */
    escalation: Type.Integer({ minimum: 0 }),
    closedAt: NullableTime,
    drill: Type.Union([RecordId, Type.Null()]),
    version: Type.Integer({ minimum: 1 }),
  },
  { $id: 'AlarmGroup' },
);
export type AlarmGroup = Static<typeof AlarmGroup>;

/** What can happen to an alarm or a group. */
export const transitionKinds = [
  'raised',
  'stepped-up',
  'stepped-down',
  'returned',
  'reactivated',
  'acknowledged',
  'shelved',
  'unshelved',
  'suppressed',
  'unsuppressed',
  'reset',
  'closed',
  'group-opened',
  'group-annunciated',
  'group-acknowledged',
  'group-escalated',
  'group-closed',
] as const;
export type TransitionKind = (typeof transitionKinds)[number];

/** One line of an alarm's history: appended, never rewritten. */
export const AlarmTransition = Type.Object({
  no: Type.Integer({ minimum: 1 }),
  at: Time,
  kind: Type.Enum(transitionKinds),
  alarm: Type.Union([RecordId, Type.Null()]),
  group: RecordId,
  actor: Actor,
  reason: Type.Union([Text, Type.Null()]),
  priority: Priority,
  evidence: Evidence,
});
export type AlarmTransition = Static<typeof AlarmTransition>;

/** What became of a message to one person by one channel. */
export const deliveryStates = ['waiting', 'sent', 'dead'] as const;
export const Delivery = Type.Object({
  id: Type.String(),
  group: RecordId,
  person: Type.String(),
  channel: Type.String(),
  state: Type.Enum(deliveryStates),
  attempts: Type.Integer({ minimum: 0 }),
  lastAttemptAt: NullableTime,
  sentAt: NullableTime,
  nextAttemptAt: NullableTime,
  /** Why the last attempt failed; no address and no secret in it. */
  fault: Type.Union([Type.String(), Type.Null()]),
});
export type Delivery = Static<typeof Delivery>;

/** `GET /alarms/{id}` */
export const AlarmDetail = Type.Object({
  alarm: Alarm,
  group: AlarmGroup,
  transitions: Type.Array(AlarmTransition),
  deliveries: Type.Array(Delivery),
});
export type AlarmDetail = Static<typeof AlarmDetail>;

/** An exercise. Its alarms are seen by its participants only, and say what they are wherever they go. */
export const Drill = Type.Object(
  {
    id: RecordId,
    scenario: Type.String(),
    title: Type.String(),
    startedAt: Time,
    endsAt: Time,
    endedAt: NullableTime,
    startedBy: Actor,
    participants: Type.Array(Actor),
  },
  { $id: 'Drill' },
);
export type Drill = Static<typeof Drill>;
