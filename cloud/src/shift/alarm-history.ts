import type { TransitionKind } from '@siaga/protocol';
import type { AlarmDesk } from '../alarms/desk.ts';
import { alarmKind, groupKind, transitionKind } from '../alarms/records.ts';
import type { StateStore } from '../ports.ts';
import type { AlarmHistory } from './log.ts';

/** What happened, as the log says it before the alarm's headline. What is not here is no news in the log. */
const sayings: Readonly<Partial<Record<TransitionKind, string>>> = {
  raised: 'Alarm',
  'stepped-up': 'Alarm, higher',
  'stepped-down': 'Alarm, lower',
  returned: 'Returned',
  reactivated: 'Alarm again',
  acknowledged: 'Acknowledged',
  shelved: 'Shelved',
  unshelved: 'Back from the shelf',
  suppressed: 'Suppressed',
  unsuppressed: 'No more suppressed',
  reset: 'Reset',
  'group-acknowledged': 'Acknowledged as one item',
  'group-escalated': 'Unanswered, escalated',
};

/** The alarms' own history as automatic entries of the shift log. */
export function alarmHistory(state: StateStore, desk: Pick<AlarmDesk, 'view'>): AlarmHistory {
  return {
    lines: (query) => state.journal(transitionKind, query),
    async text({ body: { kind, alarm, group, reason } }) {
      const saying = sayings[kind];
      if (saying === undefined) return null;
      const about =
        alarm === null ? (await state.record(groupKind, group))?.body : (await state.record(alarmKind, alarm))?.body;
      if (about === undefined) return null;
      const why = reason === null ? '' : ` (${reason})`;
      return {
        text: `${saying}: ${about.headline}${why}`,
        station: 'station' in about ? about.station : null,
        drill: about.drill,
      };
    },
    open: (drill) =>
      desk
        .view()
        .groups.filter((group) => group.drill === drill)
        .map(({ headline }) => headline),
  };
}
