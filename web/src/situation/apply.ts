import type { Delta, Deployment, Reach, Snapshot, StationPicture } from '@siaga/protocol';

/** What is true now, as the server last said. Replaced as a whole by every step, never changed in place. */
export type Situation = {
  readonly epoch: string;
  readonly seq: number;
  readonly build: string;
  readonly deployment: Deployment;
  readonly reaches: readonly Reach[];
  readonly stations: ReadonlyMap<string, StationPicture>;
};

export type Applied =
  | { readonly ok: true; readonly situation: Situation }
  | { readonly ok: false; readonly reason: 'gap' | 'epoch' };

/**
 * Takes a snapshot over the present situation. Of an older snapshot (a change overtook it) only the values that are
 * newer are taken: levels never go back.
 */
export function applySnapshot(before: Situation | undefined, snapshot: Snapshot): Situation {
  const older = before !== undefined && before.epoch === snapshot.epoch && snapshot.seq < before.seq;
  const stations = new Map<string, StationPicture>();
  for (const picture of snapshot.stations) {
    const known = before?.epoch === snapshot.epoch ? before.stations.get(picture.info.id) : undefined;
    const value = newer(known?.value ?? null, picture.value);
    stations.set(picture.info.id, { ...picture, value, level: older && known ? known.level : picture.level });
  }
  return {
    epoch: snapshot.epoch,
    seq: older ? before.seq : snapshot.seq,
    build: snapshot.build,
    deployment: snapshot.deployment,
    reaches: snapshot.reaches,
    stations,
  };
}

/** One step along the stream. Changes already known are skipped; a hole in the numbers is told, not bridged. */
export function applyDelta(before: Situation, epoch: string, delta: Delta): Applied {
  if (epoch !== before.epoch) return { ok: false, reason: 'epoch' };
  const stations = new Map(before.stations);
  let { seq } = before;
  for (const change of delta.changes) {
    if (change.seq <= seq) continue;
    if (change.seq > seq + 1) return { ok: false, reason: 'gap' };
    seq = change.seq;
    const picture = stations.get(change.id);
    if (picture) stations.set(change.id, { ...picture, level: change.level });
  }
  for (const { id, value } of delta.values) {
    const picture = stations.get(id);
    if (picture) stations.set(id, { ...picture, value: newer(picture.value, value) });
  }
  return { ok: true, situation: { ...before, seq, stations } };
}

/** The later observed of two values; of equal times the second, which may be a correction. */
function newer(before: StationPicture['value'], next: StationPicture['value']): StationPicture['value'] {
  if (before === null || next === null) return next ?? before;
  return Date.parse(next.observedAt) >= Date.parse(before.observedAt) ? next : before;
}
