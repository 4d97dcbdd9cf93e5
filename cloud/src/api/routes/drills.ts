import { AccountId, Drill } from '@siaga/protocol';
import { Type } from 'typebox';
import type { AlarmDesk } from '../../alarms/desk.ts';
import { drillScenarios } from '../../alarms/drill-scenarios.ts';
import { drillToWire } from '../../alarms/wire.ts';
import { actingOf, IdParams, refusals, refuse, strict } from './desk-answers.ts';
import type { App } from './types.ts';

const Scenario = Type.Object({ id: Type.String(), title: Type.String(), about: Type.String() });
const Start = Type.Object(
  {
    scenario: Type.String({ maxLength: 64 }),
    minutes: Type.Integer({ minimum: 1, maximum: 480 }),
    participants: Type.Array(AccountId, { minItems: 1, maxItems: 200, uniqueItems: true }),
  },
  strict,
);
const listedAtMost = 100;

/** Exercises: what can be played, what was, and what runs. Everyone signed in knows that a drill runs. */
export function drillRoutes(app: App, { desk }: { readonly desk: AlarmDesk }): void {
  app.get(
    '/drill-scenarios',
    {
      config: { access: 'drills:run' },
      schema: {
        operationId: 'getDrillScenarios',
        summary: 'What a drill can play',
        tags: ['alarms'],
        response: { 200: { description: 'Scenarios', ...Type.Object({ scenarios: Type.Array(Scenario) }) } },
      },
    },
    async () => ({ scenarios: drillScenarios.map(({ id, title, about }) => ({ id, title, about })) }),
  );
  app.get(
    '/drills',
    {
      config: { access: 'alarms:read' },
      schema: {
        operationId: 'getDrills',
        summary: 'The newest drills, running or over',
        tags: ['alarms'],
        response: { 200: { description: 'Drills', ...Type.Object({ drills: Type.Array(Drill) }) } },
      },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      return { drills: (await desk.drills(listedAtMost)).map(drillToWire) };
    },
  );
  app.post(
    '/drills',
    {
      config: { access: 'drills:run' },
      schema: {
        operationId: 'startDrill',
        summary: 'Starts a drill: its alarms are seen by the participants only',
        tags: ['alarms'],
        body: Start,
        response: { 200: { description: 'The drill', ...Drill }, ...refusals },
      },
    },
    async (request, reply) => {
      const done = await desk.startDrill(actingOf(request), request.body);
      return done.ok ? drillToWire(done.value) : refuse(reply, done);
    },
  );
  app.delete(
    '/drills/:id',
    {
      config: { access: 'drills:run' },
      schema: {
        operationId: 'endDrill',
        summary: 'Ends a drill and closes its alarms',
        tags: ['alarms'],
        params: IdParams,
        response: { 200: { description: 'The drill', ...Drill }, ...refusals },
      },
    },
    async (request, reply) => {
      const done = await desk.endDrill(actingOf(request), request.params.id);
      return done.ok ? drillToWire(done.value) : refuse(reply, done);
    },
  );
}
