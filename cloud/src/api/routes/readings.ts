import { BucketColumns, ReadingColumns } from '@siaga/protocol';
import { Type } from 'typebox';
import { cursorPattern } from '../../fleet/hydrograph.ts';
import { sendProblem } from '../problem.ts';
import type { Queries } from '../queries.ts';
import { type App, problems, StationParams } from './types.ts';

const Query = Type.Object(
  {
    from: Type.Optional(
      Type.String({ format: 'date-time', description: 'Observed at or after; by default 24 h before `to`' }),
    ),
    to: Type.Optional(Type.String({ format: 'date-time', description: 'Observed before; by default now' })),
    buckets: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 5000, description: 'Min, mean and max in so many equal spans' }),
    ),
    gauge: Type.Optional(Type.String({ maxLength: 31, description: 'Only this gauge' })),
    limit: Type.Integer({ minimum: 1, maximum: 50_000, default: 10_000, description: 'At most so many readings' }),
    after: Type.Optional(Type.String({ pattern: cursorPattern, description: '`next` of the answer before' })),
  },
  { additionalProperties: false },
);

const dayMs = 86_400_000;

/** `GET /stations/{id}/readings`: a hydrograph, every reading or in buckets, with its gaps. */
export function readingsRoute(app: App, queries: Pick<Queries, 'readings' | 'buckets' | 'nowMs'>): void {
  app.get(
    '/stations/:id/readings',
    {
      config: { access: 'public' },
      schema: {
        operationId: 'getReadings',
        summary: 'Readings of a station: all of a span, or min, mean and max of stage in buckets',
        tags: ['stations'],
        params: StationParams,
        querystring: Query,
        response: {
          200: { description: 'Columns; with `buckets` the second form', anyOf: [ReadingColumns, BucketColumns] },
          400: problems[400],
          404: problems[404],
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { from, to, buckets, gauge, limit, after } = request.query;
      const toMs = to === undefined ? queries.nowMs() : Date.parse(to);
      const fromMs = from === undefined ? toMs - dayMs : Date.parse(from);
      if (fromMs >= toMs) return sendProblem(reply, 400, 'from: must lie before to.', 'from');
      const query = {
        fromMs,
        toMs,
        limit,
        ...(gauge === undefined ? {} : { gauge }),
        ...(after === undefined ? {} : { after }),
      };
      const columns =
        buckets === undefined ? await queries.readings(id, query) : await queries.buckets(id, { ...query, buckets });
      if (columns === undefined)
        return sendProblem(reply, 404, `No station ${JSON.stringify(id)} in the catalogue.`, 'id');
      reply.header('cache-control', 'no-cache');
      return columns;
    },
  );
}
