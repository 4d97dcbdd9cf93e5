import type { PumpState } from './works-rows.ts';

/** Words of what people declare: official status, gates, pumps. */
export const declaredWords = {
  works: 'Gates and pumps',
  gate: (name: string, percent: number) => `gate ${name} ${percent} % open`,
  pump: (name: string, state: string) => `pump ${name} ${state}`,
  pumpStates: { running: 'running', stopped: 'stopped', 'out-of-service': 'out of service' } satisfies Record<
    PumpState,
    string
  >,
  enteredBy: (by: string | undefined, at: string) => (by === undefined ? `entered ${at}` : `entered ${at} by ${by}`),
  noWorks: 'nothing entered',
  declare: 'Declare…',
  enter: 'Enter…',
  status: {
    title: (station: string) => `Official status of ${station}`,
    note: 'What your authority has declared. The sensor’s band stays beside it as it is.',
    sensor: (sentence: string) => `The sensor says: ${sentence}.`,
    level: 'Status',
    label: 'Name of the status',
    labelMissing: 'Give it a name.',
    act: 'Declare',
    withdraw: 'Withdraw',
  },
  form: {
    title: (station: string) => `Gates and pumps of ${station}`,
    gates: 'Gates',
    pumps: 'Pumps',
    name: 'Name',
    open: 'Open, %',
    state: 'State',
    addGate: 'Add a gate',
    addPump: 'Add a pump',
    remove: (name: string) => `Remove ${name}`,
    incomplete: 'Every gate wants a name and an opening from 0 to 100 %, every pump a name.',
    act: 'Enter',
  },
} as const;
