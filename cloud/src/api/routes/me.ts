import { Account, Contacts, QuietHours, Subscription } from '@siaga/protocol';
import { Type } from 'typebox';
import type { People } from '../../people/index.ts';
import { isRefusal, type Refusal } from '../../people/refusal.ts';
import { networkOf } from '../network-of.ts';
import { refuse } from '../refuse.ts';
import { PersonsName } from './invites.ts';
import { actorOf, IdParams } from './people.ts';
import { Code, Password } from './session.ts';
import { type App, problems } from './types.ts';

const strict = { additionalProperties: false } as const;
const Changes = Type.Object(
  {
    version: Type.Integer({ minimum: 1 }),
    name: Type.Optional(PersonsName),
    contacts: Type.Optional(Contacts),
    subscriptions: Type.Optional(Type.Array(Subscription, { maxItems: 20 })),
    quietHours: Type.Optional(Type.Union([QuietHours, Type.Null()])),
  },
  strict,
);
const NewPassword = Type.Object({ old: Password, new: Password }, strict);
const PushSubscription = Type.Object(
  {
    endpoint: Type.String({ pattern: '^https://', maxLength: 2000 }),
    expirationTime: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
    keys: Type.Object({ p256dh: Type.String({ maxLength: 200 }), auth: Type.String({ maxLength: 100 }) }, strict),
  },
  strict,
);
const Session = Type.Object({
  id: Type.String(),
  agent: Type.String({ description: 'The browser, as it calls itself' }),
  createdAt: Type.String({ format: 'date-time' }),
  seenAt: Type.String({ format: 'date-time' }),
  current: Type.Boolean(),
});
const own = { 200: { description: 'Your account as it is now', ...Account }, 400: problems[400], 409: problems[409] };

/** `/me`: one's own account. */
export function meRoutes(app: App, { people }: { readonly people: People }): void {
  const { accounts, me, sessions } = people;
  const told = (outcome: Account | Refusal, reply: Parameters<typeof refuse>[0]) =>
    isRefusal(outcome) ? refuse(reply, outcome) : outcome;

  app.get(
    '/me',
    {
      config: { access: 'self' },
      schema: { operationId: 'getMe', summary: 'Your account', tags: ['people'], response: own },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return told(await accounts.read(actorOf(request.caller)), reply);
    },
  );
  app.put(
    '/me',
    {
      config: { access: 'self' },
      schema: {
        operationId: 'changeMe',
        summary: 'Your name, where you can be reached, and of what you are told',
        tags: ['people'],
        body: Changes,
        response: own,
      },
    },
    async (request, reply) => told(await me.update(actorOf(request.caller), request.body), reply),
  );
  app.post(
    '/me/password',
    {
      config: { access: 'self', guarded: true },
      schema: {
        operationId: 'changePassword',
        summary: 'Another password; ends your other sessions',
        tags: ['people'],
        body: NewPassword,
        response: own,
      },
    },
    async (request, reply) => {
      const { caller, body, ip } = request;
      return told(
        await me.setPassword(actorOf(caller), caller?.session ?? '', { ...body, address: networkOf(ip) }),
        reply,
      );
    },
  );
  app.post(
    '/me/totp',
    {
      config: { access: 'self', fresh: true },
      schema: {
        operationId: 'beginTotp',
        summary: 'A secret for an authenticator app; it counts once its first code came',
        tags: ['people'],
        response: {
          200: {
            description: 'Shown this once',
            ...Type.Object({
              secret: Type.String(),
              uri: Type.String({ description: 'To be shown as a square code' }),
            }),
          },
        },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      const begun = await me.beginTotp(actorOf(request.caller));
      return isRefusal(begun) ? refuse(reply, begun) : begun;
    },
  );
  app.put(
    '/me/totp',
    {
      config: { access: 'self', guarded: true },
      schema: {
        operationId: 'confirmTotp',
        summary: 'The first code of the authenticator: from now on signing in wants one',
        tags: ['people'],
        body: Type.Object({ code: Code }, strict),
        response: own,
      },
    },
    async (request, reply) => told(await me.confirmTotp(actorOf(request.caller), request.body.code), reply),
  );
  app.delete(
    '/me/totp',
    {
      config: { access: 'self', fresh: true },
      schema: { operationId: 'removeTotp', summary: 'No codes any more', tags: ['people'], response: own },
    },
    async (request, reply) => told(await me.removeTotp(actorOf(request.caller)), reply),
  );
  app.get(
    '/me/sessions',
    {
      config: { access: 'self' },
      schema: {
        operationId: 'getSessions',
        summary: 'Where you are signed in',
        tags: ['people'],
        response: { 200: { description: 'Newest first', ...Type.Array(Session) } },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return sessions.list(actorOf(request.caller), request.caller?.session ?? '');
    },
  );
  app.delete(
    '/me/sessions/:id',
    {
      config: { access: 'self' },
      schema: {
        operationId: 'endSession',
        summary: 'Signs out elsewhere',
        tags: ['people'],
        params: IdParams,
        response: { 200: { description: 'Done', ...Type.Object({}) }, 404: problems[404] },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      if (await sessions.revoke(actorOf(request.caller), id)) return {};
      return refuse(reply, { refused: 'not-found', detail: 'You have no such session.', field: 'id' });
    },
  );
  app.post(
    '/me/push',
    {
      config: { access: 'self' },
      schema: {
        operationId: 'addPush',
        summary: 'Lets this browser be told by web push',
        tags: ['people'],
        body: Type.Object({ subscription: PushSubscription }, strict),
        response: own,
      },
    },
    async (request, reply) =>
      told(await me.addPush(actorOf(request.caller), JSON.stringify(request.body.subscription)), reply),
  );
  app.delete(
    '/me/push',
    {
      config: { access: 'self' },
      schema: {
        operationId: 'removePush',
        summary: 'No web push any more: to one browser, or to all',
        tags: ['people'],
        querystring: Type.Object({ endpoint: Type.Optional(Type.String({ maxLength: 2000 })) }, strict),
        response: own,
      },
    },
    async (request, reply) => told(await me.removePush(actorOf(request.caller), request.query.endpoint), reply),
  );
}
