import { Episode, type Episode as EpisodeOnTheWire } from '@siaga/protocol';
import { Type } from 'typebox';
import { sendProblem } from '../problem.ts';
import { type App, problems, StationParams } from './types.ts';

const Query = Type.Object(
  {
    from: Type.Optional(
      Type.String({ format: 'date-time', description: 'Lasting at it or later; by default 30 days before `to`' }),
    ),
    to: Type.Optional(Type.String({ format: 'date-time', description: 'Begun before it; by default now' })),
  },
  { additionalProperties: false },
);

const Answer = Type.Object(
  {
    station: Type.String(),
    episodes: Type.Array(
      Type.Intersect([
        Episode,
        Type.Object({ firstKnownAt: Type.String({ format: 'date-time', description: 'When it was first known' }) }),
      ]),
      { description: 'In order of beginning' },
    ),
  },
  { $id: 'Episodes' },
);

export type EpisodesAnswer = {
  readonly station: string;
  readonly episodes: (EpisodeOnTheWire & { readonly firstKnownAt: string })[];
};

export type EpisodeQueries = {
  nowMs(): number;
  /** Undefined for a station that the catalogue does not have. */
  episodes(id: string, fromMs: number, toMs: number): Promise<EpisodesAnswer | undefined>;
};

const defaultSpanMs = 30 * 86_400_000;

/** `GET /stations/{id}/episodes`: when the water stood in which band, as the readings tell it now. */
export function episodesRoute(app: App, queries: EpisodeQueries): void {
  app.get(
    '/stations/:id/episodes',
    {
      config: { access: 'public' },
      schema: {
        operationId: 'getEpisodes',
        summary:
          'Episodes of a station: spans in which its stage stood in a band or above, recomputed from all readings',
        tags: ['stations'],
        params: StationParams,
        querystring: Query,
        response: { 200: { description: 'The episodes', ...Answer }, ...problems },
      },
    },
    async (request, reply) => {
      const { from, to } = request.query;
      const toMs = to === undefined ? queries.nowMs() + 1 : Date.parse(to);
      const fromMs = from === undefined ? toMs - defaultSpanMs : Date.parse(from);
      if (fromMs >= toMs) return sendProblem(reply, 400, 'from: must lie before to.', 'from');
      const answer = await queries.episodes(request.params.id, fromMs, toMs);
      if (answer === undefined)
        return sendProblem(reply, 404, `No station ${JSON.stringify(request.params.id)} in the catalogue.`, 'id');
      reply.header('cache-control', 'no-cache');
      return answer;
    },
  );
}
