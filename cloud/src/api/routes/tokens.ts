import { Role } from '@siaga/protocol';
import { Type } from 'typebox';
import type { People } from '../../people/index.ts';
import { tokenRoles } from '../../people/tokens.ts';
import { refuse } from '../refuse.ts';
import { PersonsName } from './invites.ts';
import { actorOf, IdParams } from './people.ts';
import { type App, problems } from './types.ts';

const Time = Type.String({ format: 'date-time' });
const TokenInfo = Type.Object({
  id: Type.String(),
  name: Type.String(),
  role: Role,
  createdAt: Time,
  lastSeenAt: Type.Union([Time, Type.Null()]),
});

/** `/tokens`: for programs and walls, by a header instead of a cookie. */
export function tokenRoutes(app: App, { people: { tokens } }: { readonly people: Pick<People, 'tokens'> }): void {
  app.get(
    '/tokens',
    {
      config: { access: 'people:manage' },
      schema: {
        operationId: 'getTokens',
        summary: 'Tokens that are good',
        tags: ['people'],
        response: { 200: { description: 'Newest first', ...Type.Array(TokenInfo) } },
      },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      return tokens.list();
    },
  );
  app.post(
    '/tokens',
    {
      config: { access: 'people:manage', fresh: true },
      schema: {
        operationId: 'addToken',
        summary: 'Makes a token',
        tags: ['people'],
        body: Type.Object({ name: PersonsName, role: Type.Enum([...tokenRoles]) }, { additionalProperties: false }),
        response: {
          200: {
            description: 'The token: shown this once',
            ...Type.Object({ id: Type.String(), token: Type.String() }),
          },
          400: problems[400],
        },
      },
    },
    (request) => tokens.create(actorOf(request.caller), request.body),
  );
  app.delete(
    '/tokens/:id',
    {
      // Not `fresh`: what has leaked is to be stopped at once.
      config: { access: 'people:manage' },
      schema: {
        operationId: 'deleteToken',
        summary: 'Revokes a token',
        tags: ['people'],
        params: IdParams,
        response: { 200: { description: 'Done', ...Type.Object({}) }, 404: problems[404] },
      },
    },
    async (request, reply) => {
      const refused = await tokens.revoke(actorOf(request.caller), request.params.id);
      return refused === undefined ? {} : refuse(reply, refused);
    },
  );
}
