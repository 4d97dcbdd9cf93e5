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
  service: {
    alarms: 'Alarms',
    in: 'in service',
    unknown: 'not known whether in service',
    out: (rule: string | null) => (rule === null ? 'out of service' : `rule “${rule}” out of service`),
    until: (time: string) => `until ${time}`,
    untilPutBack: 'until put back',
    take: 'Take out of service…',
    putBack: 'Put back…',
    title: (station: string) => `Take out of service: ${station}`,
    note: 'Its alarms stay listed and counted as out of service, but call nobody. Levels and map stay as they are.',
    backTitle: (station: string) => `Put back into service: ${station}`,
    backNote: (rule: string | null) =>
      rule === null
        ? 'Its alarms call again at once, if their condition holds.'
        : `Alarms of the rule “${rule}” call again at once, if their condition holds.`,
    reason: 'Reason',
    reasonHint: 'Mandatory; everyone signed in sees it beside your name.',
    reasonMissing: 'Say why.',
    which: 'Which alarms',
    allRules: 'all alarms of the station',
    oneRule: (rule: string) => `only the rule “${rule}”`,
    untilLabel: 'Until',
    hours: (hours: number, at: string) => `${hours < 24 ? `${hours} h` : `${hours / 24} d`}, until ${at}`,
    act: 'Take out of service',
    actBack: 'Put back',
  },
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
