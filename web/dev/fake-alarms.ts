/** A made-up alarm desk, as far as the console can see one: who is signed in, what is open, what people do with it. */
import type {
  Alarm,
  AlarmDetail,
  AlarmGroup,
  AlarmTransition,
  Change,
  Drill,
  PersonName,
  Priority,
  SessionInfo,
  StaffPicture,
  StationPicture,
} from '@siaga/protocol';

const minuteMs = 60_000;
const people: PersonName[] = [
  { id: 'ayu00001', name: 'Ayu Lestari', role: 'operator' },
  { id: 'budi0001', name: 'Budi Santoso', role: 'supervisor' },
  { id: 'citra001', name: 'Citra Dewi', role: 'operator' },
];

type Numbering = (draft: ChangeDraft) => void;
type ChangeDraft = Change extends infer C ? (C extends Change ? Omit<C, 'seq' | 'knownAt'> : never) : never;
/** An outcome of a command: the after-image, or a refusal with its HTTP status. */
type Answer = { readonly body: unknown } | { readonly status: number; readonly detail: string };

const actions = [
  'alarms:read',
  'alarms:act',
  'log:read',
  'log:write',
  'works:write',
  'fleet:read',
  'people:names',
  'duty:read',
  'self',
];
const supervising = [
  'alarms:shelve-top',
  'alarms:configure',
  'status:write',
  'fleet:write',
  'duty:write',
  'drills:run',
  'audit:read',
];

export function makeFakeDesk(stations: ReadonlyMap<string, StationPicture>, announce: Numbering) {
  const alarms = new Map<string, Alarm>();
  const groups = new Map<string, AlarmGroup>();
  const drills = new Map<string, Drill>();
  const history = new Map<string, AlarmTransition[]>();
  let session: SessionInfo | null = null;
  let made = 0;

  const at = (minutesAgo = 0) => new Date(Date.now() - minutesAgo * minuteMs).toISOString();

  function note(alarm: Alarm, kind: AlarmTransition['kind'], actor: string, reason: string | null = null, when = at()) {
    const lines = history.get(alarm.id) ?? [];
    const { id, group, priority, evidence } = alarm;
    const line = { no: lines.length + 1, at: when, kind, alarm: id, group, actor, reason, priority, evidence };
    history.set(id, [...lines, line]);
  }

  function raise(key: string, more: Partial<Alarm> & { readonly minutesAgo?: number } = {}): Alarm {
    const { minutesAgo = 0, ...rest } = more;
    const station = rest.station === undefined ? (key.split('/')[1] ?? null) : rest.station;
    const picture = station === null ? undefined : stations.get(station);
    const list = rest.list ?? 'flood';
    const drill = rest.drill ?? null;
    const basin = picture?.info.basin ?? null;
    const groupId = ['group', list, basin ?? 'platform', ...(drill ? [drill] : [])].join('-');
    const alarm: Alarm = {
      id: `alarm-${++made}`,
      key,
      rule: key.split('/')[0] ?? 'level',
      list,
      subject: { kind: station === null ? 'platform' : 'station', id: station ?? 'platform' },
      station,
      basin,
      group: groupId,
      priority: 'medium',
      severity: null,
      headline: `${picture?.info.name ?? 'Platform'}: something is wrong`,
      response: '',
      evidence: {},
      condition: 'active',
      acknowledged: null,
      suppression: null,
      latched: false,
      since: at(minutesAgo),
      knownAt: at(minutesAgo),
      annunciatedAt: at(minutesAgo),
      returnedAt: null,
      closedAt: null,
      drill,
      version: 1,
      ...rest,
    };
    const open = groups.get(groupId);
    const called = { priority: worse(open?.priority ?? 'low', alarm.priority), annunciatedAt: alarm.annunciatedAt };
    putGroup(
      open
        ? { ...open, ...called, annunciation: open.annunciation + 1, acknowledged: null, version: open.version + 1 }
        : {
            id: groupId,
            list,
            basin,
            headline: alarm.headline,
            ...called,
            firstOut: alarm.id,
            openedAt: alarm.knownAt,
            acknowledged: null,
            annunciation: 1,
            escalation: 0,
            closedAt: null,
            drill,
            version: 1,
          },
    );
    note(alarm, 'raised', 'machine', null, alarm.knownAt);
    return put(alarm);
  }

  function put(alarm: Alarm): Alarm {
    if (alarm.closedAt === null) alarms.set(alarm.id, alarm);
    else alarms.delete(alarm.id);
    announce({ kind: 'alarm', id: alarm.id, alarm });
    return alarm;
  }

  function putGroup(group: AlarmGroup): AlarmGroup {
    groups.set(group.id, group);
    announce({ kind: 'group', id: group.id, group });
    return group;
  }

  /** Changes an alarm if the version is the one that the person saw. */
  function act(
    id: string,
    version: number,
    kind: AlarmTransition['kind'],
    change: (alarm: Alarm) => Partial<Alarm>,
    reason: string | null = null,
  ): Answer {
    const alarm = alarms.get(id);
    if (session === null) return { status: 401, detail: 'Sign in first.' };
    if (alarm === undefined) return { status: 404, detail: 'No such alarm.' };
    if (alarm.version !== version) return { status: 409, detail: 'The alarm has changed meanwhile.' };
    note(alarm, kind, session.account.id, reason);
    return { body: put({ ...alarm, ...change(alarm), version: version + 1 }) };
  }

  const acknowledged = () => ({ acknowledged: { by: session?.account.id ?? '', at: at() } });

  return {
    raise,
    all: () => [...alarms.values()],
    put,
    signIn(login: string): SessionInfo {
      const account = people.find(({ role }) => role === login) ?? (people[0] as PersonName);
      const permissions = account.role === 'operator' ? actions : [...actions, ...supervising];
      const until = at(-600);
      session = { account, login, permissions, idleUntil: until, absoluteUntil: until, fresh: true, drill: null };
      return session;
    },
    signOut() {
      session = null;
    },
    session: () => session,
    staff(): StaffPicture | null {
      if (session === null) return null;
      return {
        session,
        alarms: [...alarms.values()],
        groups: [...groups.values()],
        drills: [...drills.values()],
        people,
      };
    },
    startDrill(): Drill {
      const id = 'drill-1';
      const drill = {
        id,
        scenario: 'katulampa-2018',
        title: 'Rising Katulampa',
        startedAt: at(),
        endsAt: at(-30),
        endedAt: null,
        startedBy: 'budi0001',
        participants: people.map((person) => person.id),
      };
      drills.set(id, drill);
      if (session) session = { ...session, drill: id };
      announce({ kind: 'drill', id, drill });
      return drill;
    },
    acknowledge: (id: string, version: number) => act(id, version, 'acknowledged', acknowledged),
    shelve: (id: string, body: { version: number; until: string; oneShot: boolean; reason: string }) =>
      act(
        id,
        body.version,
        'shelved',
        () => ({
          suppression: {
            kind: 'shelved',
            by: session?.account.id ?? '',
            at: at(),
            until: body.until,
            oneShot: body.oneShot,
            reason: body.reason,
          },
        }),
        body.reason,
      ),
    unshelve: (id: string, version: number) => act(id, version, 'unshelved', () => ({ suppression: null })),
    reset: (id: string, version: number) => act(id, version, 'reset', () => ({ latched: false, closedAt: at() })),
    acknowledgeGroup(id: string, version: number): Answer {
      const group = groups.get(id);
      if (group === undefined) return { status: 404, detail: 'No such item.' };
      if (group.version !== version) return { status: 409, detail: 'The item has changed meanwhile.' };
      return { body: putGroup({ ...group, ...acknowledged(), version: version + 1 }) };
    },
    detail(id: string): AlarmDetail | undefined {
      const alarm = alarms.get(id);
      const group = alarm && groups.get(alarm.group);
      if (alarm === undefined || group === undefined) return undefined;
      const delivery = { group: group.id, attempts: 1, lastAttemptAt: at(2), sentAt: at(2), nextAttemptAt: null };
      return {
        alarm,
        group,
        transitions: history.get(id) ?? [],
        deliveries: [
          { ...delivery, id: 'd1', person: 'ayu00001', channel: 'email', state: 'sent', fault: null },
          {
            ...delivery,
            id: 'd2',
            person: 'ayu00001',
            channel: 'sms',
            state: 'waiting',
            attempts: 3,
            sentAt: null,
            nextAttemptAt: at(-1),
            fault: 'The gateway answered 503.',
          },
          {
            ...delivery,
            id: 'd3',
            person: 'budi0001',
            channel: 'telegram',
            state: 'dead',
            attempts: 8,
            sentAt: null,
            fault: 'The chat is not known.',
          },
        ],
      };
    },
  };
}

function worse(a: Priority, b: Priority): Priority {
  const rank = { low: 0, medium: 1, high: 2 };
  return rank[a] >= rank[b] ? a : b;
}

/** What a shift finds: every state that the list can show. */
export function fillDesk(desk: ReturnType<typeof makeFakeDesk>): void {
  const by = { by: 'citra001', at: new Date(Date.now() - 20 * minuteMs).toISOString() };
  const ago = (minutes: number) => new Date(Date.now() - minutes * minuteMs).toISOString();
  const response = 'Call the gate keeper on channel 3. Tell BPBD Depok and Manggarai.\nAsk for a reading of the staff.';
  desk.raise('level/katulampa', {
    minutesAgo: 34,
    priority: 'high',
    severity: 3,
    headline: 'Katulampa: 209 cm, in the band of Siaga I since 14:02',
    response,
    evidence: {
      stageMm: 2090,
      limitMm: 2010,
      bandLabel: 'Siaga I',
      observedAt: ago(34),
      rateMmPer10Min: 74,
      confirmedBy: 2,
      clockUncertain: false,
    },
  });
  desk.raise('rate/depok', {
    minutesAgo: 26,
    headline: 'Depok rises 22 cm in 10 min (limit 15)',
    response,
    evidence: { rateMmPer10Min: 220, limitMmPer10Min: 150 },
    acknowledged: by,
  });
  desk.raise('level/depok', {
    minutesAgo: 21,
    severity: 1,
    headline: 'Depok: 245 cm, in the band of Siaga III',
    response,
  });
  desk.raise('learnt-late/manggarai', {
    minutesAgo: 12,
    severity: 2,
    priority: 'medium',
    headline: 'Manggarai crossed into Siaga II at 12:40, learnt at 13:58; water reaches Karet in about 1 h',
    since: ago(95),
    evidence: { travelMin: 60, sinceAt: ago(95) },
  });
  desk.raise('level/pesanggrahan', {
    minutesAgo: 70,
    severity: 1,
    priority: 'low',
    headline: 'Pesanggrahan: at least 190 cm, in the band of Siaga III',
    condition: 'returned',
    returnedAt: ago(8),
  });
  desk.raise('level/krukut-hulu', {
    minutesAgo: 200,
    priority: 'low',
    severity: 1,
    headline: 'Krukut Hulu: 152 cm, in the band of Siaga III',
    condition: 'returned',
    returnedAt: ago(50),
    acknowledged: by,
    latched: true,
  });
  desk.raise('silence/sunter-hulu', {
    list: 'health',
    minutesAgo: 47,
    headline: 'Sunter Hulu has been silent for 47 min (stale after 4)',
    response: 'Call the field team. Last battery: 11.4 V.',
    evidence: { ageS: 2820, staleAfterS: 240, batteryPercent: 31 },
  });
  desk.raise('blocked/cipinang-hulu', {
    list: 'health',
    minutesAgo: 90,
    priority: 'low',
    headline: 'Cipinang Hulu is possibly blocked: check the sensor',
    suppression: {
      kind: 'shelved',
      by: 'budi0001',
      at: ago(80),
      until: ago(-40),
      oneShot: false,
      reason: 'Team is on its way, arrives 15:20',
    },
  });
  desk.raise('silence/waduk-pluit', {
    list: 'health',
    minutesAgo: 600,
    priority: 'low',
    headline: 'Waduk Pluit has not been heard since it was set up',
    suppression: { kind: 'out-of-service', by: 'budi0001', at: ago(500), until: null, reason: 'Not yet installed' },
  });
  desk.raise('level/angke-hulu', {
    minutesAgo: 30,
    priority: 'low',
    severity: 1,
    headline: 'Angke Hulu: 153 cm, in the band of Siaga III',
    suppression: { kind: 'maintenance', at: ago(30) },
  });
  desk.raise('disk/platform', {
    list: 'health',
    station: null,
    minutesAgo: 5,
    headline: 'Platform: 4 GB (6 %) of the disk are free',
    evidence: { freeBytes: 4_100_000_000, freePercent: 6 },
  });
}
