import { Type } from 'typebox';
import { FleetDevice, type Queries } from '../queries.ts';
import type { App } from './types.ts';

/** `GET /fleet`: every station's device, its health and what it says of itself. */
export function fleetRoute(app: App, { fleet }: Pick<Queries, 'fleet'>): void {
  app.get(
    '/fleet',
    {
      config: { access: 'fleet:read' },
      schema: {
        operationId: 'getFleet',
        summary: 'The devices: connection, health, versions',
        tags: ['fleet'],
        response: {
          200: { description: 'One entry a station', ...Type.Object({ devices: Type.Array(FleetDevice) }) },
        },
      },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-cache');
      return { devices: await fleet() };
    },
  );
}
