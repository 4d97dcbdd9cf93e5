import { sendProblem } from '../problem.ts';
import { type Queries, StationDetail } from '../queries.ts';
import { type App, problems, StationParams } from './types.ts';

/** `GET /stations/{id}`: one station, with the thresholds and calibrations in force. */
export function stationRoute(app: App, { station }: Pick<Queries, 'station'>): void {
  app.get(
    '/stations/:id',
    {
      config: { access: 'public' },
      schema: {
        operationId: 'getStation',
        summary: 'One station: present state, thresholds and calibrations in force',
        tags: ['stations'],
        params: StationParams,
        response: { 200: { description: 'The station', ...StationDetail }, 404: problems[404] },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const detail = await station(id);
      if (detail === undefined)
        return sendProblem(reply, 404, `No station ${JSON.stringify(id)} in the catalogue.`, 'id');
      reply.header('cache-control', 'no-cache');
      return detail;
    },
  );
}
