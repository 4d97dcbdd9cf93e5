import { Type } from 'typebox';
import type { AlarmDesk } from '../../alarms/desk.ts';
import { actingOf, msOf, Reason, refusals, refuse, strict, Time } from './desk-answers.ts';
import { type App, StationParams } from './types.ts';

// Null first: what comes as null would be coerced to an empty text.
const Rule = Type.Union([Type.Null(), Type.String({ maxLength: 40 })], {
  description: 'Null: all rules of the station',
});
const done = { 204: { description: 'Done', ...Type.Null() }, ...refusals };

/** `POST /stations/{id}/out-of-service` and `/in-service`: its alarms stay visible and counted, but silent. */
export function outOfServiceRoutes(app: App, { desk }: { readonly desk: AlarmDesk }): void {
  app.post(
    '/stations/:id/out-of-service',
    {
      config: { access: 'alarms:shelve-top' },
      schema: {
        operationId: 'takeOutOfService',
        summary: 'Silences the alarms of a station, or of one rule there, until then or until it is put back',
        tags: ['alarms'],
        params: StationParams,
        body: Type.Object({ rule: Rule, until: Type.Union([Type.Null(), Time]), reason: Reason }, strict),
        response: done,
      },
    },
    async (request, reply) => {
      const { rule, until, reason } = request.body;
      const untilMs = until === null ? null : msOf(until);
      const work = { station: request.params.id, rule, untilMs, reason };
      const outcome = await desk.outOfService(actingOf(request), work);
      return outcome.ok ? reply.code(204).send(null) : refuse(reply, outcome);
    },
  );
  app.post(
    '/stations/:id/in-service',
    {
      config: { access: 'alarms:shelve-top' },
      schema: {
        operationId: 'putInService',
        summary: 'Puts a station, or one rule there, back into service',
        tags: ['alarms'],
        params: StationParams,
        body: Type.Object({ rule: Rule, reason: Reason }, strict),
        response: done,
      },
    },
    async (request, reply) => {
      const outcome = await desk.inService(actingOf(request), { station: request.params.id, ...request.body });
      return outcome.ok ? reply.code(204).send(null) : refuse(reply, outcome);
    },
  );
}
