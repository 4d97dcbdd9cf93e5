import { Type } from 'typebox';
import { sendProblem } from '../problem.ts';
import { DeviceDetail, FleetDevice, type Queries } from '../queries.ts';
import { type App, problems, StationParams } from './types.ts';

/** `GET /fleet`, `GET /stations/{id}/device`: every station's device, what it says of itself, and what it needs. */
export function fleetRoutes(app: App, { fleet, device }: Pick<Queries, 'fleet' | 'device'>): void {
  app.get(
    '/fleet',
    {
      config: { access: 'fleet:read' },
      schema: {
        operationId: 'getFleet',
        summary: 'The devices: connection, health, versions, and what needs a visit first',
        tags: ['fleet'],
        querystring: Type.Object({
          brief: Type.Optional(Type.Boolean({ description: 'Leaves out health and about, for who asks often' })),
        }),
        response: {
          200: { description: 'One entry a station', ...Type.Object({ devices: Type.Array(FleetDevice) }) },
        },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-cache');
      return { devices: await fleet(request.query.brief ?? false) };
    },
  );
  app.get(
    '/stations/:id/device',
    {
      config: { access: 'fleet:read' },
      schema: {
        operationId: 'getDevice',
        summary: 'One device with its commands and calibrations',
        tags: ['fleet'],
        params: StationParams,
        response: { 200: { description: 'The device', ...DeviceDetail }, 404: problems[404] },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      reply.header('cache-control', 'no-cache');
      return (await device(id)) ?? sendProblem(reply, 404, `No station ${JSON.stringify(id)} in the catalogue.`, 'id');
    },
  );
}
