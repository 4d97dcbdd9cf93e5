import type {
  Alarm,
  AlarmGroup,
  Change,
  Delta,
  Deployment,
  Drill,
  PersonName,
  Reach,
  SessionInfo,
  Snapshot,
  StaffPicture,
  StationPicture,
} from '@siaga/protocol';

/** What only signed-in people see: who they are, and what is open. */
export type StaffSituation = {
  readonly session: SessionInfo;
  readonly alarms: ReadonlyMap<string, Alarm>;
  readonly groups: ReadonlyMap<string, AlarmGroup>;
  readonly drills: ReadonlyMap<string, Drill>;
  readonly people: ReadonlyMap<string, PersonName>;
};

/** What is true now, as the server last said. Replaced as a whole by every step, never changed in place. */
export type Situation = {
  readonly epoch: string;
  readonly seq: number;
  readonly build: string;
  readonly deployment: Deployment;
  readonly reaches: readonly Reach[];
  readonly basins: Snapshot['basins'];
  readonly stations: ReadonlyMap<string, StationPicture>;
  /** Null for who is not signed in. */
  readonly staff: StaffSituation | null;
};

export type Applied =
  | { readonly ok: true; readonly situation: Situation }
  | { readonly ok: false; readonly reason: 'gap' | 'epoch' };

/**
 * Takes a snapshot over the present situation. Of an older snapshot (a change overtook it) only the values that are
 * newer are taken: what is numbered never goes back. Who is signed in has no number: the newest answer counts.
 */
export function applySnapshot(before: Situation | undefined, snapshot: Snapshot): Situation {
  const same = before !== undefined && before.epoch === snapshot.epoch;
  const older = same && snapshot.seq < before.seq;
  const stations = new Map<string, StationPicture>();
  for (const picture of snapshot.stations) {
    const known = same ? before.stations.get(picture.info.id) : undefined;
    const value = newer(known?.value ?? null, picture.value);
    stations.set(picture.info.id, older && known ? { ...known, info: picture.info, value } : { ...picture, value });
  }
  return {
    epoch: snapshot.epoch,
    seq: older ? before.seq : snapshot.seq,
    build: snapshot.build,
    deployment: snapshot.deployment,
    reaches: snapshot.reaches,
    basins: snapshot.basins,
    stations,
    staff: snapshot.staff === null ? null : staffOf(snapshot.staff, older ? before.staff : null),
  };
}

/** The picture for staff. What is already known by later changes stays, if it is the same person's. */
function staffOf(picture: StaffPicture, later: StaffSituation | null): StaffSituation {
  const { session, people } = picture;
  const known = later?.session.account.id === session.account.id ? later : undefined;
  return {
    session,
    people: new Map(people.map((person) => [person.id, person])),
    alarms: known?.alarms ?? new Map(picture.alarms.map((alarm) => [alarm.id, alarm])),
    groups: known?.groups ?? new Map(picture.groups.map((group) => [group.id, group])),
    drills: known?.drills ?? new Map(picture.drills.map((drill) => [drill.id, drill])),
  };
}

/** One step along the stream. Changes already known are skipped; a hole in the numbers is told, not bridged. */
export function applyDelta(before: Situation, epoch: string, delta: Delta): Applied {
  if (epoch !== before.epoch) return { ok: false, reason: 'epoch' };
  const fresh = delta.changes.filter(({ seq }) => seq > before.seq);
  if (fresh.some(({ seq }, index) => seq !== before.seq + index + 1)) return { ok: false, reason: 'gap' };
  const stations = new Map(before.stations);
  for (const change of fresh) {
    if (!('id' in change)) continue;
    const picture = stations.get(change.id);
    if (picture) stations.set(change.id, changed(picture, change));
  }
  for (const { id, value } of delta.values) {
    const picture = stations.get(id);
    if (picture) stations.set(id, { ...picture, value: newer(picture.value, value) });
  }
  const staff = before.staff === null ? null : fresh.reduce(staffAfter, before.staff);
  return { ok: true, situation: { ...before, seq: before.seq + fresh.length, stations, staff } };
}

/** A station after one change; episodes are history and change nothing of the present. */
function changed(picture: StationPicture, change: Change): StationPicture {
  if (change.kind === 'station') return { ...picture, level: change.level };
  if (change.kind === 'official') return { ...picture, official: change.official };
  if (change.kind === 'works') return { ...picture, works: change.works };
  return picture;
}

/** What staff sees after one change: what has closed or ended leaves. */
function staffAfter(staff: StaffSituation, change: Change): StaffSituation {
  if (change.kind === 'alarm') {
    return { ...staff, alarms: put(staff.alarms, change.alarm, change.alarm.closedAt === null) };
  }
  if (change.kind === 'group') {
    return { ...staff, groups: put(staff.groups, change.group, change.group.closedAt === null) };
  }
  if (change.kind === 'drill') {
    const running = change.drill.endedAt === null;
    return {
      ...staff,
      drills: put(staff.drills, change.drill, running),
      session: { ...staff.session, drill: drillAfter(staff.session, change.drill) },
    };
  }
  return staff;
}

/** The drill that the signed-in person takes part in, after one has begun or ended. */
function drillAfter({ account, drill }: SessionInfo, { id, endedAt, participants }: Drill): string | null {
  if (endedAt !== null) return drill === id ? null : drill;
  return participants.includes(account.id) ? id : drill;
}

function put<T extends { readonly id: string }>(before: ReadonlyMap<string, T>, item: T, keep: boolean) {
  const after = new Map(before);
  if (keep) after.set(item.id, item);
  else after.delete(item.id);
  return after;
}

/** The later observed of two values; of equal times the second, which may be a correction. */
function newer(before: StationPicture['value'], next: StationPicture['value']): StationPicture['value'] {
  if (before === null || next === null) return next ?? before;
  return Date.parse(next.observedAt) >= Date.parse(before.observedAt) ? next : before;
}
