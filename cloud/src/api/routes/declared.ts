import { OfficialStatus, Severity, Works } from '@siaga/protocol';
import { Type } from 'typebox';
import type { Declarations } from '../../shift/declared.ts';
import { sendProblem } from '../problem.ts';
import { type App, problems, StationParams } from './types.ts';

const strict = { additionalProperties: false } as const;

const Status = Type.Union([
  Type.Object({ severity: Severity, label: Type.String({ minLength: 1, maxLength: 120 }) }, strict),
  Type.Object({ severity: Type.Null({ description: 'Withdraws it' }) }, strict),
]);
const Entered = Type.Object({ gates: Works.properties.gates, pumps: Works.properties.pumps }, strict);

/** `PUT /stations/{id}/official-status` and `/works`: what an authority and the gate-keepers say. */
export function declaredRoutes(app: App, { declarations }: { readonly declarations: Declarations }): void {
  app.put(
    '/stations/:id/official-status',
    {
      config: { access: 'status:write' },
      schema: {
        operationId: 'declareStatus',
        summary: 'Declares or withdraws the official status of a station',
        tags: ['shift'],
        params: StationParams,
        body: Status,
        response: {
          200: {
            description: 'As it stands now',
            ...Type.Object({ official: Type.Union([OfficialStatus, Type.Null()]) }),
          },
          400: problems[400],
          404: problems[404],
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { body, caller } = request;
      const status = body.severity === null || !('label' in body) ? null : body;
      const official = await declarations.declare(caller?.account.id ?? '', id, status);
      return official === undefined ? unknown(reply, id) : { official };
    },
  );
  app.put(
    '/stations/:id/works',
    {
      config: { access: 'works:write' },
      schema: {
        operationId: 'enterWorks',
        summary: 'Enters how the gates and pumps of a station stand',
        tags: ['shift'],
        params: StationParams,
        body: Entered,
        response: { 200: { description: 'As they stand now', ...Works }, 400: problems[400], 404: problems[404] },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      return (await declarations.enterWorks(request.caller?.account.id ?? '', id, request.body)) ?? unknown(reply, id);
    },
  );
}

function unknown(reply: Parameters<typeof sendProblem>[0], id: string) {
  return sendProblem(reply, 404, `No station ${JSON.stringify(id)} in the catalogue.`, 'id');
}
