import { Account, SessionInfo } from '@siaga/protocol';
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { isRefusal } from '../../people/refusal.ts';
import { sendProblem } from '../problem.ts';
import { refuse } from '../refuse.ts';
import { passkeySite } from '../site.ts';
import { PersonsName } from './invites.ts';
import { actorOf, IdParams } from './people.ts';
import { agentOf, type SessionOptions, welcome } from './session.ts';
import { type App, problems } from './types.ts';

const strict = { additionalProperties: false } as const;
const Text = Type.String({ maxLength: 10_000 });
/** What the browser gives, beyond what we ask of it: its own parts are checked where they are verified. */
const Response = Type.Object({
  id: Text,
  rawId: Text,
  type: Type.Literal('public-key'),
  response: Type.Object({ clientDataJSON: Text }),
  clientExtensionResults: Type.Object({}),
});
const ForBrowser = Type.Object({}, { additionalProperties: true });

/** Passkeys: to sign in by, and one's own. */
export function passkeyRoutes(app: App, options: SessionOptions): void {
  const { people, origin } = options;
  app.post(
    '/session/passkey/options',
    {
      config: { access: 'public', guarded: true },
      schema: {
        operationId: 'getPasskeyOptions',
        summary: 'What to ask the browser for, to sign in by passkey',
        tags: ['people'],
        response: { 200: { description: 'For the browser', ...ForBrowser }, 409: problems[409] },
      },
    },
    async (request, reply) => {
      const site = passkeySite(request, origin);
      return site === null ? noSite(reply) : people.passkeys.signInOptions(site);
    },
  );
  app.post(
    '/session/passkey',
    {
      config: { access: 'public', guarded: true },
      schema: {
        operationId: 'signInByPasskey',
        summary: 'Signs in by passkey',
        tags: ['people'],
        body: Type.Object({ response: Response }, strict),
        response: { 200: { description: 'Who one is', ...SessionInfo }, 400: problems[400], 401: problems[401] },
      },
    },
    async (request, reply) => {
      const site = passkeySite(request, origin);
      if (site === null) return noSite(reply);
      const response = request.body.response as unknown as AuthenticationResponseJSON;
      const account = await people.passkeys.verify(site, response);
      if (isRefusal(account)) return refuse(reply, account);
      return welcome(options, request, reply, await people.signIn.open(account, agentOf(request), 'passkey'));
    },
  );
  app.post(
    '/me/passkeys/options',
    {
      config: { access: 'self', fresh: true },
      schema: {
        operationId: 'getNewPasskeyOptions',
        summary: 'What to ask the browser for, to make a passkey',
        tags: ['people'],
        response: { 200: { description: 'For the browser', ...ForBrowser }, 409: problems[409] },
      },
    },
    async (request, reply) => {
      const site = passkeySite(request, origin);
      if (site === null) return noSite(reply);
      const asked = await people.passkeys.registration(actorOf(request.caller), site);
      return isRefusal(asked) ? refuse(reply, asked) : asked;
    },
  );
  app.post(
    '/me/passkeys',
    {
      config: { access: 'self', fresh: true },
      schema: {
        operationId: 'addPasskey',
        summary: 'Adds the passkey that the browser made',
        tags: ['people'],
        body: Type.Object({ name: PersonsName, response: Response }, strict),
        response: { 200: { description: 'Your account', ...Account }, 400: problems[400], 409: problems[409] },
      },
    },
    async (request, reply) => {
      const site = passkeySite(request, origin);
      if (site === null) return noSite(reply);
      const { name } = request.body;
      const response = request.body.response as unknown as RegistrationResponseJSON;
      const account = await people.passkeys.register(actorOf(request.caller), site, { name, response });
      return isRefusal(account) ? refuse(reply, account) : account;
    },
  );
  app.delete(
    '/me/passkeys/:id',
    {
      config: { access: 'self', fresh: true },
      schema: {
        operationId: 'removePasskey',
        summary: 'Removes one of your passkeys',
        tags: ['people'],
        params: IdParams,
        response: { 200: { description: 'Your account', ...Account }, 404: problems[404] },
      },
    },
    async (request, reply) => {
      const account = await people.passkeys.remove(actorOf(request.caller), request.params.id);
      return isRefusal(account) ? refuse(reply, account) : account;
    },
  );
}

function noSite(reply: FastifyReply): FastifyReply {
  return sendProblem(reply, 409, 'Passkeys need the console by HTTPS under a name (SIAGA_ORIGIN), or on localhost.');
}
