import { Alarm, AlarmDetail, AlarmGroup, type Delivery } from '@siaga/protocol';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { AlarmDesk, Done } from '../../alarms/desk.ts';
import { isInReach } from '../../alarms/desk-queries.ts';
import { alarmToWire, groupToWire, iso, isoOrNull } from '../../alarms/wire.ts';
import type { AlarmState } from '../../domain/alarm.ts';
import { sendProblem } from '../problem.ts';
import { actingOf, IdParams, msOf, Reason, refusals, refuse, strict, Time, Version } from './desk-answers.ts';
import { type App, problems } from './types.ts';

export type AlarmRouteOptions = {
  readonly desk: AlarmDesk;
  /** What became of the messages about a group. */
  readonly deliveriesOf: (group: string) => Promise<readonly Delivery[]> | readonly Delivery[];
};

const Query = Type.Object(
  {
    from: Type.Optional(Time),
    to: Type.Optional(Time),
    limit: Type.Integer({ minimum: 1, maximum: 5000, default: 500 }),
  },
  strict,
);
const OutOfService = Type.Object({
  station: Type.String(),
  rule: Type.Union([Type.String(), Type.Null()], { description: 'Null: all rules' }),
  by: Type.String(),
  at: Time,
  until: Type.Union([Time, Type.Null()]),
  reason: Type.String(),
});
const List = Type.Object({
  alarms: Type.Array(Alarm),
  groups: Type.Array(AlarmGroup),
  outOfService: Type.Array(OutOfService, { description: 'Stations whose alarms are silent until they are put back' }),
});
const Many = Type.Object(
  {
    alarms: Type.Array(Type.Object({ id: Type.String({ maxLength: 64 }), version: Version }, strict), {
      minItems: 1,
      maxItems: 500,
    }),
    reason: Type.Optional(Reason),
  },
  strict,
);
const Shelf = Type.Object({ version: Version, until: Time, oneShot: Type.Boolean(), reason: Reason }, strict);
const one = { 200: { description: 'The alarm as it is now', ...Alarm }, ...refusals };
const weekMs = 7 * 24 * 3_600_000;

/** What is open or was, and what operators do with it. */
export function alarmRoutes(app: App, { desk, deliveriesOf }: AlarmRouteOptions): void {
  app.get(
    '/alarms',
    {
      config: { access: 'alarms:read' },
      schema: {
        operationId: 'getAlarms',
        summary: 'Open alarms and groups; with `from` or `to`, the alarms made known in that span',
        tags: ['alarms'],
        querystring: Query,
        response: { 200: { description: 'Alarms', ...List }, 400: problems[400] },
      },
    },
    async (request, reply) => {
      const { from, to, limit } = request.query;
      const drill = request.caller?.drill ?? null;
      reply.header('cache-control', 'no-store');
      if (from !== undefined || to !== undefined) {
        const toMs = to === undefined ? Number.MAX_SAFE_INTEGER : msOf(to);
        const fromMs = from === undefined ? toMs - weekMs : msOf(from);
        const known = await desk.history({ fromMs, toMs, limit, drill });
        return { alarms: known.map(alarmToWire), groups: [], outOfService: [] };
      }
      const { alarms, groups, outOfService } = desk.view();
      return {
        alarms: alarms.filter((alarm) => isInReach(alarm, drill)).map(alarmToWire),
        groups: groups.filter((group) => isInReach(group, drill)).map(groupToWire),
        outOfService: outOfService.map(({ atMs, untilMs, ...rest }) => ({
          ...rest,
          at: iso(atMs),
          until: isoOrNull(untilMs),
        })),
      };
    },
  );
  app.get(
    '/alarms/:id',
    {
      config: { access: 'alarms:read' },
      schema: {
        operationId: 'getAlarm',
        summary: 'One alarm with its group, its history and what became of the messages',
        tags: ['alarms'],
        params: IdParams,
        response: { 200: { description: 'The alarm', ...AlarmDetail }, 404: refusals[404] },
      },
    },
    async (request, reply) => {
      const detail = await desk.detail(request.params.id, request.caller?.drill ?? null);
      if (detail === undefined) return sendProblem(reply, 404, `There is no alarm ${request.params.id}.`, 'id');
      reply.header('cache-control', 'no-store');
      return { ...detail, deliveries: [...(await deliveriesOf(detail.group.id))] };
    },
  );
  app.post(
    '/alarms/acknowledge',
    {
      config: { access: 'alarms:act' },
      schema: {
        operationId: 'acknowledgeAlarms',
        summary: 'Acknowledges several alarms, all or none',
        tags: ['alarms'],
        body: Many,
        response: {
          200: { description: 'As they are now', ...Type.Object({ alarms: Type.Array(Alarm) }) },
          ...refusals,
        },
      },
    },
    async (request, reply) => {
      const { alarms, reason } = request.body;
      const done = await desk.acknowledge(actingOf(request), alarms, reason);
      return done.ok ? { alarms: done.value.map(alarmToWire) } : refuse(reply, done);
    },
  );
  app.post(
    '/alarms/:id/acknowledge',
    {
      config: { access: 'alarms:act' },
      schema: {
        operationId: 'acknowledgeAlarm',
        summary: 'Says that one knows of it',
        tags: ['alarms'],
        params: IdParams,
        body: Type.Object({ version: Version, reason: Type.Optional(Reason) }, strict),
        response: one,
      },
    },
    async (request, reply) => {
      const { version, reason } = request.body;
      const done = await desk.acknowledge(actingOf(request), [{ id: request.params.id, version }], reason);
      return done.ok ? alarmToWire(done.value[0] as AlarmState) : refuse(reply, done);
    },
  );
  app.post(
    '/alarms/:id/shelve',
    {
      config: { access: 'alarms:act' },
      schema: {
        operationId: 'shelveAlarm',
        summary: 'Silences it for a while: 24 hours at most, the top priority 30 minutes by a supervisor',
        tags: ['alarms'],
        params: IdParams,
        body: Shelf,
        response: one,
      },
    },
    async (request, reply) => {
      const { version, until, oneShot, reason } = request.body;
      const seen = { id: request.params.id, version };
      return alarmOf(reply, await desk.shelve(actingOf(request), seen, { untilMs: msOf(until), oneShot, reason }));
    },
  );
  for (const act of ['unshelve', 'reset'] as const)
    app.post(
      `/alarms/:id/${act}`,
      {
        config: { access: 'alarms:act' },
        schema: {
          operationId: `${act}Alarm`,
          summary: act === 'reset' ? 'Resets a returned, latched alarm' : 'Takes it back from the shelf',
          tags: ['alarms'],
          params: IdParams,
          body: Type.Object({ version: Version }, strict),
          response: one,
        },
      },
      async (request, reply) => {
        const seen = { id: request.params.id, version: request.body.version };
        return alarmOf(reply, await desk[act](actingOf(request), seen));
      },
    );
}

/** `POST /alarm-groups/{id}/acknowledge`: answers a call; the alarms in it want their own answers. */
export function alarmGroupRoute(app: App, { desk }: { readonly desk: AlarmDesk }): void {
  app.post(
    '/alarm-groups/:id/acknowledge',
    {
      config: { access: 'alarms:act' },
      schema: {
        operationId: 'acknowledgeGroup',
        summary: 'Answers a group’s call, which ends its escalation; acknowledges no alarm in it',
        tags: ['alarms'],
        params: IdParams,
        body: Type.Object({ version: Version }, strict),
        response: { 200: { description: 'The group as it is now', ...AlarmGroup }, ...refusals },
      },
    },
    async (request, reply) => {
      const seen = { id: request.params.id, version: request.body.version };
      const done = await desk.acknowledgeGroup(actingOf(request), seen);
      return done.ok ? groupToWire(done.value) : refuse(reply, done);
    },
  );
}

function alarmOf(reply: FastifyReply, done: Done<AlarmState>) {
  return done.ok ? alarmToWire(done.value) : refuse(reply, done);
}
