import { type Static, Type } from 'typebox';
import { Priority } from './alarm.ts';

const Time = Type.String({ format: 'date-time' });
const NullableTime = Type.Union([Time, Type.Null()]);

/** `device` is a wall screen: read-only, revocable, no personal data. `agency` reads for a neighbour. */
export const roles = ['viewer', 'operator', 'supervisor', 'admin', 'device', 'agency'] as const;
export const Role = Type.Enum(roles);
export type Role = (typeof roles)[number];

/** What a role may do; the server's table (`people/policy.ts`) says which role has which. */
export const permissions = [
  'alarms:read',
  'alarms:act',
  'alarms:shelve-top',
  'alarms:configure',
  'status:write',
  'works:write',
  'log:read',
  'log:write',
  'fleet:read',
  'fleet:write',
  'duty:read',
  'duty:write',
  'drills:run',
  'people:names',
  'people:manage',
  'audit:read',
  'self',
] as const;
export type Permission = (typeof permissions)[number];

export const AccountId = Type.String({ pattern: '^[a-z0-9]{8,32}$' });
export type AccountId = Static<typeof AccountId>;

/** The name that one signs in with. */
export const LoginName = Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{1,39}$' });

/** Where a person can be reached; every one is optional. Personal data: never in logs, changes or the audit. */
export const Contacts = Type.Object(
  {
    email: Type.Optional(Type.String({ maxLength: 200, pattern: '^[^@\\s]+@[^@\\s]+$' })),
    /** E.164 */
    phone: Type.Optional(Type.String({ pattern: '^\\+[1-9]\\d{6,14}$' })),
    telegram: Type.Optional(Type.String({ pattern: '^-?\\d{1,20}$', description: 'Chat id' })),
    webhook: Type.Optional(Type.String({ maxLength: 500, pattern: '^https?://' })),
  },
  { additionalProperties: false },
);
export type Contacts = Static<typeof Contacts>;

/** What a person wants to be told, beside what duty brings. */
export const Subscription = Type.Object(
  {
    /** Basin ids; empty: all. */
    basins: Type.Array(Type.String(), { maxItems: 200 }),
    minPriority: Priority,
    lists: Type.Array(Type.Enum(['flood', 'health']), { minItems: 1, maxItems: 2 }),
    /** Channel names, e.g. `email`; empty: all that the person can be reached by. */
    channels: Type.Array(Type.String(), { maxItems: 20 }),
  },
  { additionalProperties: false },
);
export type Subscription = Static<typeof Subscription>;

/** Minutes of the local day in which nothing but the top priority is sent; none for those on duty. May pass midnight. */
export const QuietHours = Type.Object(
  { fromMinute: Type.Integer({ minimum: 0, maximum: 1439 }), toMinute: Type.Integer({ minimum: 0, maximum: 1439 }) },
  { additionalProperties: false },
);
export type QuietHours = Static<typeof QuietHours>;

/** An account as those who manage people, and its owner, see it. */
export const Account = Type.Object(
  {
    id: AccountId,
    login: Type.String(),
    name: Type.String(),
    role: Role,
    state: Type.Enum(['invited', 'active', 'locked', 'disabled']),
    createdAt: Time,
    lastSeenAt: NullableTime,
    hasPassword: Type.Boolean(),
    hasTotp: Type.Boolean(),
    passkeys: Type.Array(Type.Object({ id: Type.String(), name: Type.String(), createdAt: Time })),
    contacts: Contacts,
    subscriptions: Type.Array(Subscription),
    quietHours: Type.Union([QuietHours, Type.Null()]),
    pushDevices: Type.Integer({ minimum: 0 }),
    version: Type.Integer({ minimum: 1 }),
  },
  { $id: 'Account' },
);
export type Account = Static<typeof Account>;

/** What everyone signed in may know of another. */
export const PersonName = Type.Object({ id: AccountId, name: Type.String(), role: Role });
export type PersonName = Static<typeof PersonName>;

/** `GET /session`: who one is. */
export const SessionInfo = Type.Object(
  {
    account: PersonName,
    login: Type.String(),
    permissions: Type.Array(Type.String()),
    /** It ends when unused until then, and at the latest then. */
    idleUntil: Time,
    absoluteUntil: Time,
    /** Proved who one is within the last minutes: wanted for what cannot be undone. */
    fresh: Type.Boolean(),
    /** The drill that this account takes part in. */
    drill: Type.Union([Type.String(), Type.Null()]),
  },
  { $id: 'SessionInfo' },
);
export type SessionInfo = Static<typeof SessionInfo>;

/** A line of the shift log: appended, never changed. `entry` is a person's note, `handover` ends a shift. */
export const LogEntry = Type.Object(
  {
    no: Type.Integer({ minimum: 1 }),
    at: Time,
    kind: Type.Enum(['entry', 'handover', 'alarm', 'status', 'works', 'drill']),
    actor: Type.String(),
    text: Type.String({ maxLength: 4000 }),
    alarm: Type.Union([Type.String(), Type.Null()]),
    station: Type.Union([Type.String(), Type.Null()]),
    drill: Type.Union([Type.String(), Type.Null()]),
    /** Of a handover: to whom, and what was open. */
    handover: Type.Union([
      Type.Object({ to: Type.String(), open: Type.Array(Type.String()), accepted: Type.Boolean() }),
      Type.Null(),
    ]),
  },
  { $id: 'LogEntry' },
);
export type LogEntry = Static<typeof LogEntry>;

/** Who is on duty, and at which step of the escalation chain (`operator`, `supervisor`, …). */
export const DutyShift = Type.Object(
  {
    id: Type.String(),
    person: AccountId,
    duty: Type.String({ pattern: '^[a-z][a-z0-9-]{0,30}$' }),
    from: Time,
    to: Time,
    /** The same again every week, by local time. */
    weekly: Type.Boolean(),
  },
  { $id: 'DutyShift' },
);
export type DutyShift = Static<typeof DutyShift>;

/** One way of telling people, and whether it is known to work. */
export const ChannelState = Type.Object(
  {
    name: Type.String(),
    /** Off without its settings; `why` says which are missing. */
    on: Type.Boolean(),
    why: Type.Union([Type.String(), Type.Null()]),
    waiting: Type.Integer({ minimum: 0 }),
    dead: Type.Integer({ minimum: 0 }),
    lastSentAt: NullableTime,
    fault: Type.Union([Type.String(), Type.Null()]),
    /** Since when something waits that the channel was tried with in vain. */
    failingSince: NullableTime,
    /** The daily test: sent, and seen by a person. */
    test: Type.Union([
      Type.Object({
        id: Type.String(),
        sentAt: NullableTime,
        seenAt: NullableTime,
        seenBy: Type.Union([Type.String(), Type.Null()]),
      }),
      Type.Null(),
    ]),
  },
  { $id: 'ChannelState' },
);
export type ChannelState = Static<typeof ChannelState>;
