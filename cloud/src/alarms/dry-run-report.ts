/** A dry run as it is answered over HTTP and printed: counts, chatter, the alarms, and what a proposal would change. */
import { priorities } from '@siaga/protocol';
import { type Static, Type } from 'typebox';
import { type DryAlarm, type DryRun, type DryRunOptions, difference, dryRun } from './dry-run.ts';
import { rules } from './rules/list.ts';
import type { AlarmSettings } from './settings.ts';
import { iso } from './wire.ts';

const Time = Type.String({ format: 'date-time' });
const Count = Type.Integer({ minimum: 0 });
const Counts = Type.Record(Type.String(), Count);

const DryAlarmAnswer = Type.Object({
  key: Type.String(),
  rule: Type.String(),
  station: Type.Union([Type.String(), Type.Null()]),
  basin: Type.Union([Type.String(), Type.Null()]),
  priority: Type.Enum(priorities),
  since: Time,
  knownAt: Time,
  returnedAt: Type.Union([Time, Type.Null()]),
  headline: Type.String(),
});

const Outcome = Type.Object({
  alarms: Count,
  calls: Type.Integer({ minimum: 0, description: 'How often operators would have been called' }),
  byRule: Counts,
  byPriority: Counts,
  byDay: Type.Record(Type.String(), Count, { description: 'Of the deployment’s time zone' }),
  chattering: Type.Array(Type.String()),
});

export const DryRunReport = Type.Object({
  from: Time,
  to: Time,
  readings: Count,
  late: Type.Integer({ minimum: 0, description: 'Readings that came more than ten minutes after they were taken' }),
  assumes: Type.Array(Type.String()),
  notReplayed: Type.Array(Type.String()),
  inForce: Outcome,
  proposed: Type.Union([Outcome, Type.Null()]),
  /** What the proposal would have done, or without one the settings in force: the newest, at most 1000. */
  alarms: Type.Array(DryAlarmAnswer),
  difference: Type.Union([
    Type.Object({
      more: Type.Array(DryAlarmAnswer),
      fewer: Type.Array(DryAlarmAnswer),
      otherPriority: Type.Array(
        Type.Object({ alarm: DryAlarmAnswer, inForce: Type.Enum(priorities), proposed: Type.Enum(priorities) }),
      ),
    }),
    Type.Null(),
  ]),
});
export type DryRunReport = Static<typeof DryRunReport>;

const mostAlarms = 1000;

const assumptions: readonly string[] = [
  'Every reading comes when its newest revision came; calibrations and limits are those of the catalogue, by their dates.',
  'People answer every alarm within ten minutes; nothing is shelved or out of service.',
  'The rules look once a minute; the platform looks once a second.',
];

/** Runs the settings in force, and the proposal if there is one. */
export async function reportDryRun(options: DryRunOptions, proposal: AlarmSettings | null): Promise<DryRunReport> {
  const { catalogue, fromMs, toMs } = options;
  const inForce = await dryRun(options, catalogue.alarms);
  const proposed = proposal === null ? null : await dryRun(options, proposal);
  const outcome = outcomeIn(catalogue.deployment.timeZone);
  const shown = proposed ?? inForce;
  const differs = proposed === null ? null : difference(inForce, proposed);
  return {
    from: iso(fromMs),
    to: iso(toMs),
    readings: shown.readings,
    late: shown.late,
    assumes: [...assumptions],
    notReplayed: rules.filter((rule) => rule.notReplayed).map(({ name }) => name),
    inForce: outcome(inForce),
    proposed: proposed === null ? null : outcome(proposed),
    alarms: told(shown.alarms),
    difference:
      differs === null
        ? null
        : {
            more: told(differs.more),
            fewer: told(differs.fewer),
            otherPriority: differs.otherPriority.slice(-mostAlarms).map((pair) => ({
              alarm: toldOne(pair.proposed),
              inForce: pair.inForce.priority,
              proposed: pair.proposed.priority,
            })),
          },
  };
}

function told(alarms: readonly DryAlarm[]) {
  return alarms.slice(-mostAlarms).map(toldOne);
}

function toldOne({ sinceMs, knownAtMs, returnedAtMs, ...alarm }: DryAlarm) {
  const returnedAt = returnedAtMs === null ? null : iso(returnedAtMs);
  return { ...alarm, since: iso(sinceMs), knownAt: iso(knownAtMs), returnedAt };
}

function outcomeIn(timeZone: string) {
  // Swedish dates are ISO dates.
  const day = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' });
  const counted = (alarms: readonly DryAlarm[], of: (alarm: DryAlarm) => string) =>
    Object.fromEntries([...Map.groupBy(alarms, of)].map(([name, group]) => [name, group.length]));
  return ({ alarms, calls, chattering }: DryRun): Static<typeof Outcome> => ({
    alarms: alarms.length,
    calls,
    byRule: counted(alarms, ({ rule }) => rule),
    byPriority: counted(alarms, ({ priority }) => priority),
    byDay: counted(alarms, ({ knownAtMs }) => day.format(knownAtMs)),
    chattering: [...chattering],
  });
}

/** For people at a terminal. */
export function reportLines(report: DryRunReport): string[] {
  const { inForce, proposed, difference: differs } = report;
  const counts = (all: Readonly<Record<string, number>>) =>
    Object.entries(all)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ') || 'none';
  const told = (name: string, { alarms, calls, byRule, byPriority, byDay, chattering }: Static<typeof Outcome>) => [
    `${name}: ${alarms} alarms, ${calls} calls`,
    `  by rule: ${counts(byRule)}`,
    `  by priority: ${counts(byPriority)}`,
    `  by day: ${counts(byDay)}`,
    `  chattering: ${chattering.join(', ') || 'none'}`,
  ];
  const line = ({ knownAt, returnedAt, priority, headline }: DryRunReport['alarms'][number]) =>
    `  ${knownAt} – ${returnedAt ?? 'lasts'}  ${priority.padEnd(6)}  ${headline}`;
  return [
    `${report.readings} readings from ${report.from} to ${report.to}, ${report.late} of them late`,
    ...told('in force', inForce),
    ...(proposed === null ? [] : told('proposed', proposed)),
    ...(differs === null
      ? ['alarms:', ...report.alarms.map(line)]
      : [
          `more (${differs.more.length}):`,
          ...differs.more.map(line),
          `fewer (${differs.fewer.length}):`,
          ...differs.fewer.map(line),
          `of another priority (${differs.otherPriority.length}):`,
          ...differs.otherPriority.map(({ alarm, inForce: before }) => `${line(alarm)} (was ${before})`),
        ]),
    ...report.assumes.map((sentence) => `Assumed: ${sentence}`),
    `Not replayed, since what they look at is not kept: ${report.notReplayed.join(', ')}`,
  ];
}
