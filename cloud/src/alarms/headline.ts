/** What an operator reads of a group: where, the worst, and how much more. All texts of groups are here. */
import type { AlarmState, GroupState } from '../domain/alarm.ts';
import { isAudible } from '../domain/alarm-group.ts';
import { compareAlarms } from '../domain/alarm-life.ts';

export type Names = { basin(id: string): string; station(id: string): string };

const namedAtMost = 3;

/** One line, such as `Ciliwung: Katulampa 2.12 m, Siaga I; also high: Depok; 4 more alarms`. */
export function groupHeadline(
  { list, basin }: Pick<GroupState, 'list' | 'basin'>,
  alarms: readonly AlarmState[],
  names: Names,
): string {
  const place = `${basin === null ? 'Platform' : names.basin(basin)}${list === 'health' && basin !== null ? ' (instruments)' : ''}`;
  const audible = alarms.filter(isAudible).sort(compareAlarms);
  const [worst, ...others] = audible;
  if (worst !== undefined) return [`${place}: ${worst.headline}`, ...more(others, names)].join('; ');
  const waiting = alarms.filter(({ condition, suppression }) => condition === 'returned' && suppression === null);
  if (waiting.length > 0) return `${place}: back to normal; ${counted(waiting.length, 'alarm')} to acknowledge`;
  return `${place}: ${counted(alarms.length, 'silenced alarm')}`;
}

function more(others: readonly AlarmState[], names: Names): string[] {
  const top = others.filter(({ priority }) => priority === 'high');
  const stations = [...new Set(top.flatMap(({ station }) => (station === null ? [] : [station])))];
  const named = stations.slice(0, namedAtMost);
  const rest = others.length - top.filter(({ station }) => station !== null && named.includes(station)).length;
  return [
    ...(named.length > 0 ? [`also high: ${named.map(names.station).join(', ')}`] : []),
    ...(rest > 0 ? [counted(rest, 'more alarm')] : []),
  ];
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
