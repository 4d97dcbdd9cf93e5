import { Contacts, LoginName, Role, SessionInfo } from '@siaga/protocol';
import { Type } from 'typebox';
import { isRefusal } from '../../people/refusal.ts';
import { refuse } from '../refuse.ts';
import { agentOf, Password, type SessionOptions, welcome } from './session.ts';
import { type App, problems } from './types.ts';

const strict = { additionalProperties: false } as const;
const Token = Type.String({ pattern: '^[A-Za-z0-9_-]{20,100}$', description: 'What the link has after `#welcome=`' });
/** One line without controls or marks that turn its direction round: it is shown in terminals and messages, too. */
export const PersonsName = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern:
    '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028-\\u202e\\u2066-\\u2069]*[^\\s\\u0000-\\u001f\\u007f-\\u009f\\u2028-\\u202e\\u2066-\\u2069][^\\u0000-\\u001f\\u007f-\\u009f\\u2028-\\u202e\\u2066-\\u2069]*$',
});
const NullableText = Type.Union([Type.String(), Type.Null()]);

const Look = Type.Object({
  kind: Type.Enum(['setup', 'invite', 'reset']),
  login: NullableText,
  name: NullableText,
  role: Role,
});
const Acceptance = Type.Object(
  {
    token: Token,
    login: Type.Optional(LoginName),
    name: Type.Optional(PersonsName),
    password: Password,
    email: Contacts.properties.email,
    tellMe: Type.Optional(Type.Boolean({ description: 'To be told of everything, by e-mail' })),
  },
  strict,
);

/** `/invites`: what a welcome link is for, and taking it up. In a POST, so that no log and no cache keeps the token. */
export function inviteRoutes(app: App, options: SessionOptions): void {
  const { people } = options;
  app.post(
    '/invites/look',
    {
      config: { access: 'public', guarded: true },
      schema: {
        operationId: 'lookAtInvite',
        summary: 'What a welcome link is for',
        tags: ['people'],
        body: Type.Object({ token: Token }, strict),
        response: { 200: { description: 'Whom it is for', ...Look }, 400: problems[400], 404: problems[404] },
      },
    },
    async (request, reply) => {
      const look = await people.invites.look(request.body.token);
      return isRefusal(look) ? refuse(reply, look) : look;
    },
  );
  app.post(
    '/invites/accept',
    {
      config: { access: 'public', guarded: true },
      schema: {
        operationId: 'acceptInvite',
        summary: 'Makes the account one’s own and signs in',
        tags: ['people'],
        body: Acceptance,
        response: {
          200: { description: 'Who one is', ...SessionInfo },
          400: problems[400],
          404: problems[404],
          409: problems[409],
        },
      },
    },
    async (request, reply) => {
      const accepted = await people.invites.accept(request.body, agentOf(request));
      return isRefusal(accepted) ? refuse(reply, accepted) : welcome(options, request, reply, accepted.session);
    },
  );
}
