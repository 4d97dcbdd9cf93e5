import type { Alarm, AlarmGroup } from '@siaga/protocol';
import type { Fetched } from '../feed/client.ts';
import type { StaffSituation } from '../situation/apply.ts';
import { acknowledgeAlarms, acknowledgeGroup, resetAlarm, type Shelf, shelveAlarm, unshelveAlarm } from './commands.ts';
import { afterEcho, answeredWith, type Pending, refusalText, sentTo, without } from './pending.ts';
import { whatChanged } from './state-text.ts';
import { alarmWords as w } from './words.ts';

type Image = { readonly id: string; readonly version: number };

/** What was asked of the server and is not yet echoed, and what it refused. One for the page's life. */
export class AlarmDesk {
  pending = $state.raw<Pending>(new Map());
  /** By id of alarm or group: why the last command on it was not done. */
  refusals = $state.raw<ReadonlyMap<string, string>>(new Map());
  #staff: () => StaffSituation | null | undefined;

  constructor(staff: () => StaffSituation | null | undefined) {
    this.#staff = staff;
  }

  /** To be called with every new picture: commands whose echo has come are done. */
  settle(staff: StaffSituation) {
    const { alarms, groups } = staff;
    this.pending = afterEcho(this.pending, { get: (id) => alarms.get(id) ?? groups.get(id) });
  }

  async acknowledge(alarms: readonly Alarm[]): Promise<boolean> {
    const wanted = alarms.filter(({ id, acknowledged }) => acknowledged === null && !this.pending.has(id));
    if (wanted.length === 0) return false;
    return this.#send(wanted, () => acknowledgeAlarms(wanted));
  }

  async acknowledgeGroup(group: AlarmGroup): Promise<boolean> {
    if (group.acknowledged !== null || this.pending.has(group.id)) return false;
    return this.#send([group], () => one(acknowledgeGroup(group)));
  }

  shelve(alarm: Alarm, shelf: Shelf): Promise<boolean> {
    return this.#send([alarm], () => one(shelveAlarm(alarm, shelf)));
  }

  unshelve(alarm: Alarm): Promise<boolean> {
    return this.#send([alarm], () => one(unshelveAlarm(alarm)));
  }

  reset(alarm: Alarm): Promise<boolean> {
    return this.#send([alarm], () => one(resetAlarm(alarm)));
  }

  dismiss(id: string) {
    this.refusals = new Map([...this.refusals].filter(([other]) => other !== id));
  }

  async #send(seen: readonly Image[], send: () => Promise<Fetched<readonly Image[]>>): Promise<boolean> {
    const ids = seen.map(({ id }) => id);
    this.pending = sentTo(this.pending, ids);
    this.refusals = new Map([...this.refusals].filter(([id]) => !ids.includes(id)));
    const answer = await send();
    if (answer.ok) {
      this.pending = answeredWith(this.pending, answer.value);
      const staff = this.#staff();
      if (staff) this.settle(staff);
      return true;
    }
    this.pending = without(this.pending, ids);
    this.refusals = new Map([
      ...this.refusals,
      ...seen.map((image) => [image.id, this.#refusal(image, answer.fault)] as const),
    ]);
    return false;
  }

  /** Why, and what has changed since the person looked. */
  #refusal(seen: Image, fault: Parameters<typeof refusalText>[0]): string {
    const staff = this.#staff();
    if (fault.status !== 409 || !staff || !('condition' in seen)) return refusalText(fault);
    const before = seen as Alarm;
    const now = staff.alarms.get(seen.id);
    if (now?.version === before.version) return refusalText(fault);
    return `${refusalText(fault)} ${w.changes(whatChanged(before, now, staff.people).join(', '))}`;
  }
}

async function one<T extends Image>(answer: Promise<Fetched<T>>): Promise<Fetched<readonly T[]>> {
  const fetched = await answer;
  return fetched.ok ? { ok: true, value: [fetched.value] } : fetched;
}
