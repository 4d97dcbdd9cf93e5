import { type Alarm, type AlarmList, alarmLists } from '@siaga/protocol';
import { byPriority, isOn, type Shelf } from './view.ts';

/** Which alarms stand under which group, in which order. */
export type OrderedGroup = { readonly id: string; readonly alarms: readonly string[] };
export type Order = Readonly<Record<AlarmList, readonly OrderedGroup[]>>;

export const emptyOrder: Order = { flood: [], health: [] };

/** The fixed sort: highest priority first, then the newest; by id where nothing else decides, so that it never wavers. */
export function compareAlarms(a: Alarm, b: Alarm): number {
  return byPriority(a.priority, b.priority) || calledMs(b) - calledMs(a) || a.id.localeCompare(b.id);
}

function calledMs({ annunciatedAt, knownAt }: Alarm): number {
  return Date.parse(annunciatedAt ?? knownAt);
}

/** The order that the list wants now: groups by their first alarm, alarms by the fixed sort. */
export function orderOf(alarms: Iterable<Alarm>, shelf: Shelf): Order {
  const shown = [...alarms].filter((alarm) => isOn(shelf, alarm)).sort(compareAlarms);
  const ordered = (list: AlarmList) => {
    const groups = new Map<string, string[]>();
    for (const alarm of shown) {
      if (alarm.list !== list) continue;
      const members = groups.get(alarm.group) ?? [];
      groups.set(alarm.group, [...members, alarm.id]);
    }
    return [...groups].map(([id, members]) => ({ id, alarms: members }));
  };
  return { flood: ordered('flood'), health: ordered('health') };
}

export function alarmsIn(order: Order): string[] {
  return alarmLists.flatMap((list) => order[list].flatMap(({ alarms }) => alarms));
}

/** What is wanted but not in the order that stands still: counted in the bar that resumes. */
export function waitingFor(held: Order, wanted: Order): string[] {
  const known = new Set(alarmsIn(held));
  return alarmsIn(wanted).filter((id) => !known.has(id));
}

/** Whether two orders show the same rows at the same places. */
export function sameOrder(a: Order, b: Order): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** One row on the screen. */
export type Row =
  | { readonly kind: 'group'; readonly id: string; readonly hidden: number; readonly list: AlarmList }
  | {
      readonly kind: 'alarm';
      readonly id: string;
      readonly group: string;
      readonly child: boolean;
      readonly list: AlarmList;
    };

/**
 * The rows of an order. A folded group hides its alarms, but never one of the top priority. A group of one alarm is that
 * alarm, since its acknowledgement answers both. `flat` shelves show no groups: what somebody put away is looked for one
 * by one.
 */
export function rowsOf(
  order: Order,
  list: AlarmList,
  options: {
    readonly flat: boolean;
    isUnfolded(group: string): boolean;
    isTop(alarm: string): boolean;
  },
): Row[] {
  return order[list].flatMap(({ id, alarms }): Row[] => {
    const single = options.flat || alarms.length === 1;
    const row = (alarm: string): Row => ({ kind: 'alarm', id: alarm, group: id, child: !single, list });
    if (single) return alarms.map(row);
    const shown = options.isUnfolded(id) ? alarms : alarms.filter(options.isTop);
    return [{ kind: 'group', id, hidden: alarms.length - shown.length, list }, ...shown.map(row)];
  });
}

/** A group's key among alarms and groups: their ids come from the same server, but nothing says they differ. */
export function rowKey(row: Row): string {
  return `${row.kind}/${row.id}`;
}

/** What stands first among the rows that still want a person: an alarm before an item. */
export function firstCalling(
  rows: readonly Row[],
  alarms: ReadonlyMap<string, { readonly calling: boolean }>,
  groups: ReadonlyMap<string, { readonly calling: boolean }>,
): Row | undefined {
  const calls = ({ kind, id }: Row) => (kind === 'group' ? groups : alarms).get(id)?.calling === true;
  return rows.find((row) => row.kind === 'alarm' && calls(row)) ?? rows.find(calls);
}
