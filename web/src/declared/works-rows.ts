import type { StationKind, Works } from '@siaga/protocol';
import type { EnteredWorks } from './declared-api.ts';

export type PumpState = Works['pumps'][number]['state'];
export const pumpStates: readonly PumpState[] = ['running', 'stopped', 'out-of-service'];

/** The form's rows: a number field that is empty is null. */
export type WorksRows = {
  readonly gates: { name: string; openPercent: number | null }[];
  readonly pumps: { name: string; state: PumpState }[];
};

/** What stands there now, or one empty row of what such a place usually has. */
export function rowsOfWorks(works: Works | null, kind: StationKind): WorksRows {
  if (works)
    return { gates: works.gates.map((gate) => ({ ...gate })), pumps: works.pumps.map((pump) => ({ ...pump })) };
  const gate = kind === 'gate-up' || kind === 'gate-down';
  return {
    gates: gate ? [{ name: '1', openPercent: null }] : [],
    pumps: gate ? [] : [{ name: '1', state: 'running' }],
  };
}

/** What the rows say; undefined while a name or an opening is missing. */
export function worksOfRows({ gates, pumps }: WorksRows): EnteredWorks | undefined {
  const named = [...gates, ...pumps].every(({ name }) => name.trim() !== '');
  const opened = gates.flatMap(({ name, openPercent }) =>
    openPercent !== null && Number.isInteger(openPercent) && openPercent >= 0 && openPercent <= 100
      ? [{ name: name.trim(), openPercent }]
      : [],
  );
  if (!named || opened.length !== gates.length) return undefined;
  return { gates: opened, pumps: pumps.map(({ name, state }) => ({ name: name.trim(), state })) };
}
