import type { FeedFault } from '../feed/client.ts';
import { faultText } from '../forms/fault-text.ts';
import { alarmWords as w } from './words.ts';

/**
 * A command on its way. Nothing is painted as done by it: the row says "sending…" until the server's echo is there.
 * `answered`: the version that the server's answer had, which the stream has yet to bring.
 */
export type Sent = { readonly answered: number | undefined };
export type Pending = ReadonlyMap<string, Sent>;

/** The version of what is open, by id; absent when it has closed. */
export type Versions = { get(id: string): { readonly version: number } | undefined };

export function sentTo(before: Pending, ids: readonly string[]): Pending {
  return new Map([...before, ...ids.map((id) => [id, { answered: undefined }] as const)]);
}

export function answeredWith(before: Pending, images: readonly { id: string; version: number }[]): Pending {
  const answered = images.flatMap(({ id, version }) => (before.has(id) ? [[id, { answered: version }] as const] : []));
  return new Map([...before, ...answered]);
}

export function without(before: Pending, ids: readonly string[]): Pending {
  return new Map([...before].filter(([id]) => !ids.includes(id)));
}

/** Lets go of the commands whose echo is there. The same object when there is nothing to let go. */
export function afterEcho(before: Pending, now: Versions): Pending {
  const echoed = [...before].flatMap(([id, { answered }]) => {
    if (answered === undefined) return [];
    const version = now.get(id)?.version;
    return version === undefined || version >= answered ? [id] : [];
  });
  return echoed.length === 0 ? before : without(before, echoed);
}

/** Why a command was not done, in words: the server's own where it gave any. */
export function refusalText(fault: FeedFault): string {
  return fault.code === 'refused' ? w.refused(faultText(fault)) : faultText(fault);
}
