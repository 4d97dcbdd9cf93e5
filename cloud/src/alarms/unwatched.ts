import type { AlarmState } from '../domain/alarm.ts';
import type { Catalogue } from '../fleet/catalogue.ts';
import { rules } from './rules/list.ts';
import { platformSettings, stationSettings } from './settings.ts';

/**
 * Why no rule looks for this any more since the catalogue or the program has changed; null where one does. An alarm that
 * was open then returns, since nothing keeps it, and its history must not read as if the condition had gone.
 */
export function whyUnwatched(
  { rule: name, station: id }: Pick<AlarmState, 'rule' | 'station'>,
  catalogue: Catalogue,
): string | null {
  const rule = rules.find((each) => each.name === name);
  if (rule === undefined) return 'Nobody looks any more: the rule is gone.';
  if (rule.scope === 'platform')
    return platformSettings(rule, catalogue.alarms).on ? null : 'Nobody looks any more: the rule is switched off.';
  const station = id === null ? undefined : catalogue.station(id);
  if (station === undefined) return 'Nobody looks any more: the station has left the catalogue.';
  const { on } = stationSettings(rule, catalogue.alarms, station);
  return on ? null : 'Nobody looks any more: the rule is switched off at this station.';
}
