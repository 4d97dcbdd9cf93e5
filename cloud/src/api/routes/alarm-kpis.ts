import { Type } from 'typebox';
import type { AlarmDesk } from '../../alarms/desk.ts';
import type { Rate } from '../../alarms/kpis.ts';
import { iso } from '../../alarms/wire.ts';
import { sendProblem } from '../problem.ts';
import { msOf, strict, Time } from './desk-answers.ts';
import { type App, problems } from './types.ts';

const Count = Type.Integer({ minimum: 0 });
const Share = Type.Number({ minimum: 0, maximum: 1 });
const NullableS = Type.Union([Type.Number(), Type.Null()]);

const RateAnswer = Type.Object({
  count: Count,
  per10MinAverage: Type.Number({ description: 'Of one operator; about 1 is right' }),
  per10MinMax: Type.Number({ description: 'Of one operator, in any 10 minutes' }),
  floods: Type.Array(Type.Object({ from: Time, to: Time, count: Count }), {
    description: 'More than 10 in 10 minutes until fewer than 5',
  }),
  floodShare: Share,
});
const Portion = Type.Object({ count: Count, share: Share });
const Waiting = Type.Object({ answered: Count, unanswered: Count, medianS: NullableS, p90S: NullableS });
const Answer = Type.Object({
  from: Time,
  to: Time,
  operators: Type.Integer({ minimum: 1 }),
  items: Type.Object(RateAnswer.properties, { description: 'Calls of groups: what operators are called by' }),
  alarms: Type.Object(RateAnswer.properties, { description: 'Alarms that called, within groups' }),
  priorities: Type.Object({ low: Portion, medium: Portion, high: Portion }),
  chattering: Type.Array(Type.String(), { description: 'Conditions that came three times within a minute' }),
  stale: Type.Array(Type.String(), { description: 'Alarms active for more than a day' }),
  topTen: Type.Array(Type.Object({ key: Type.String(), count: Count, share: Share })),
  timeToAcknowledge: Type.Object({ alarms: Waiting, items: Waiting }),
  unauthorisedSuppressions: Count,
});
const Query = Type.Object(
  {
    from: Type.Optional(Time),
    to: Type.Optional(Time),
    operators: Type.Integer({ minimum: 1, maximum: 50, default: 1, description: 'Operators on duty at a time' }),
  },
  strict,
);
const dayMs = 24 * 3_600_000;
const longestMs = 400 * dayMs;

/** `GET /alarm-kpis`: how well alarms are managed; the last 24 hours unless told otherwise. */
export function alarmKpisRoute(app: App, { desk, nowMs }: { readonly desk: AlarmDesk; nowMs(): number }): void {
  app.get(
    '/alarm-kpis',
    {
      config: { access: 'alarms:read' },
      schema: {
        operationId: 'getAlarmKpis',
        summary: 'The figures of alarm management',
        tags: ['alarms'],
        querystring: Query,
        response: { 200: { description: 'Figures', ...Answer }, 400: problems[400] },
      },
    },
    async (request, reply) => {
      const { from, to, operators } = request.query;
      const toMs = to === undefined ? nowMs() : msOf(to);
      const fromMs = from === undefined ? toMs - dayMs : msOf(from);
      if (fromMs >= toMs || toMs - fromMs > longestMs)
        return sendProblem(reply, 400, 'from (querystring): must lie before to, by 400 days at most.', 'from');
      reply.header('cache-control', 'no-store');
      const { items, alarms, ...kpis } = await desk.kpis({ fromMs, toMs }, operators);
      return {
        ...kpis,
        from: iso(fromMs),
        to: iso(toMs),
        items: rateToWire(items),
        alarms: rateToWire(alarms),
        chattering: [...kpis.chattering],
        stale: [...kpis.stale],
        topTen: [...kpis.topTen],
      };
    },
  );
}

function rateToWire({ floods, ...rate }: Rate) {
  return { ...rate, floods: floods.map(({ fromMs, toMs, count }) => ({ from: iso(fromMs), to: iso(toMs), count })) };
}
