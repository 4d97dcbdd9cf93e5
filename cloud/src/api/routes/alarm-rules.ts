import { alarmLists } from '@siaga/protocol';
import { Type } from 'typebox';
import { DryRunReport } from '../../alarms/dry-run-report.ts';
import type { RuleSet } from '../../alarms/rule.ts';
import type { AlarmSettings } from '../../alarms/settings.ts';
import type { Fault } from '../../fleet/catalogue.ts';
import { sendProblem } from '../problem.ts';
import { msOf, strict, Time } from './desk-answers.ts';
import { type App, problems } from './types.ts';

export type AlarmRuleRouteOptions = {
  readonly rules: Pick<RuleSet, 'describe' | 'escalation'>;
  /** What another `alarms` section would have done; null: the one in force. */
  readonly dryRun: (span: { fromMs: number; toMs: number }, alarms: AlarmSettings | null) => Promise<DryRunReport>;
  /** What is wrong with an `alarms` section. */
  readonly alarmFaults: (alarms: unknown) => readonly Fault[];
};

const Rules = Type.Object({
  escalation: Type.Array(Type.Object({ afterMin: Type.Integer(), duties: Type.Array(Type.String()) })),
  rules: Type.Array(
    Type.Object({
      rule: Type.String(),
      list: Type.Enum(alarmLists),
      about: Type.String(),
      settings: Type.Unknown({ description: 'In force: by station, or of the platform' }),
    }),
  ),
});

const DryRunRequest = Type.Object(
  {
    from: Time,
    to: Time,
    alarms: Type.Optional(Type.Unknown({ description: "A catalogue's `alarms` section; without it, that in force" })),
  },
  strict,
);

const longestMs = 31 * 24 * 3_600_000;

/** `GET /alarm-rules` and `POST /alarm-rules/dry-run`. */
export function alarmRuleRoutes(app: App, { rules, dryRun, alarmFaults }: AlarmRuleRouteOptions): void {
  let isRunning = false;

  app.get(
    '/alarm-rules',
    {
      config: { access: 'alarms:read' },
      schema: {
        operationId: 'getAlarmRules',
        summary: 'Every alarm rule with its settings in force, and the escalation',
        tags: ['alarms'],
        response: { 200: { description: 'The rules', ...Rules } },
      },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      const escalation = rules.escalation.map(({ afterMin, duties }) => ({ afterMin, duties: [...duties] }));
      return { escalation, rules: [...rules.describe()] };
    },
  );

  app.post(
    '/alarm-rules/dry-run',
    {
      config: { access: 'alarms:configure' },
      schema: {
        operationId: 'dryRunAlarmRules',
        summary: 'What the rules would have done with the stored readings; nobody is told and nothing is kept',
        tags: ['alarms'],
        body: DryRunRequest,
        response: { 200: { description: 'The outcome', ...DryRunReport }, 400: problems[400], 409: problems[409] },
      },
    },
    async (request, reply) => {
      const { from, to, alarms } = request.body;
      const span = { fromMs: msOf(from), toMs: msOf(to) };
      if (!(span.fromMs < span.toMs && span.toMs - span.fromMs <= longestMs))
        return sendProblem(reply, 400, 'from: must lie before to, by 31 days at most.', 'from');
      const faults = alarms === undefined ? [] : alarmFaults(alarms);
      if (faults.length > 0)
        return sendProblem(reply, 400, faults.map(({ path, mend }) => `${path}: ${mend}`).join('; '), faults[0]?.path);
      if (isRunning) return sendProblem(reply, 409, 'A dry run is under way; wait until it has ended.');
      isRunning = true;
      try {
        return await dryRun(span, alarms === undefined ? null : (alarms as AlarmSettings));
      } finally {
        isRunning = false;
      }
    },
  );
}
