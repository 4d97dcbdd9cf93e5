import { LoginName, SessionInfo } from '@siaga/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { People } from '../../people/index.ts';
import { isRefusal } from '../../people/refusal.ts';
import { clearSession, setSession } from '../authenticate.ts';
import { networkOf } from '../network-of.ts';
import { sendProblem } from '../problem.ts';
import { refuse } from '../refuse.ts';
import { passkeySite } from '../site.ts';
import { type App, problems } from './types.ts';

const strict = { additionalProperties: false } as const;
export const Password = Type.String({ minLength: 1, maxLength: 400 });
export const Code = Type.String({ pattern: '^\\d{6}$', description: 'Of the authenticator app' });

const Proof = Type.Object({ login: LoginName, password: Password, totp: Type.Optional(Code) }, strict);
const Again = Type.Object({ password: Password, totp: Type.Optional(Code) }, strict);
const Options = Type.Object({
  passkeys: Type.Boolean(),
  oidc: Type.Union([Type.Object({ name: Type.String() }), Type.Null()]),
  setupOpen: Type.Boolean({ description: 'There is no admin yet: the setup link makes one' }),
});
const signedIn = { 200: { description: 'Who one is', ...SessionInfo }, 400: problems[400], 401: problems[401] };

export type SessionOptions = {
  readonly people: People;
  /** The drill that an account takes part in now. */
  readonly drillOf: (account: string) => string | null;
  /** Where the console is, if it was set. */
  readonly origin: string | null;
};

/** `/session`: sign in, out, and prove again who one is. */
export function sessionRoutes(app: App, options: SessionOptions): void {
  const { people } = options;
  app.get(
    '/session',
    {
      config: { access: 'public' },
      schema: { operationId: 'getSession', summary: 'Who one is', tags: ['people'], response: signedIn },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      const info =
        request.caller === null ? undefined : await people.sessions.info(request.caller, request.caller.drill);
      return info ?? sendProblem(reply, 401, 'Nobody is signed in.');
    },
  );
  app.get(
    '/session/options',
    {
      config: { access: 'public' },
      schema: {
        operationId: 'getSessionOptions',
        summary: 'How one may sign in here',
        tags: ['people'],
        response: { 200: { description: 'What is there beside passwords', ...Options } },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return {
        passkeys: passkeySite(request, options.origin) !== null,
        oidc: people.oidc === null ? null : { name: people.oidc.name },
        setupOpen: await people.setup.isOpen(),
      };
    },
  );
  app.post(
    '/session',
    {
      config: { access: 'public', guarded: true },
      schema: {
        operationId: 'signIn',
        summary: 'Signs in; field `totp` in a 401 asks for the second factor',
        tags: ['people'],
        body: Proof,
        response: { ...signedIn, 429: problems[429] },
      },
    },
    async (request, reply) => {
      const token = await people.signIn.signIn({
        ...request.body,
        address: networkOf(request.ip),
        agent: agentOf(request),
      });
      return isRefusal(token) ? refuse(reply, token) : welcome(options, request, reply, token);
    },
  );
  app.delete(
    '/session',
    {
      config: { access: 'public' },
      schema: {
        operationId: 'signOut',
        summary: 'Signs out',
        tags: ['people'],
        response: { 200: { description: 'Done', ...Type.Object({}) } },
      },
    },
    async (request, reply) => {
      const { caller } = request;
      if (caller?.by === 'cookie') await people.sessions.end(caller.session, caller.account.id);
      clearSession(reply);
      return {};
    },
  );
  app.post(
    '/session/confirm',
    {
      config: { access: 'self', guarded: true },
      schema: {
        operationId: 'confirmSession',
        summary: 'Proves again who one is, for what cannot be undone',
        tags: ['people'],
        body: Again,
        response: { ...signedIn, 429: problems[429] },
      },
    },
    async (request, reply) => {
      const { caller, body, ip } = request;
      const info = caller && (await people.sessions.info(caller, caller.drill));
      if (!caller || !info) return sendProblem(reply, 401, 'Sign in first.');
      const proved = await people.signIn.prove({ login: info.login, ...body, address: networkOf(ip) });
      if (isRefusal(proved)) return refuse(reply, proved);
      await people.sessions.proved(caller.session);
      return people.sessions.info(caller, caller.drill);
    },
  );
}

export function agentOf(request: FastifyRequest): string {
  return request.headers['user-agent'] ?? '';
}

/** Sets the cookie and says who one is now; a session that was open here before ends. */
export async function welcome(options: SessionOptions, request: FastifyRequest, reply: FastifyReply, token: string) {
  const { people, drillOf } = options;
  const { caller } = request;
  const now = await people.sessions.byCookie(token);
  if (now === null) return sendProblem(reply, 401, 'The account was just disabled.');
  if (caller?.by === 'cookie') await people.sessions.end(caller.session, caller.account.id);
  setSession(reply, token);
  reply.header('cache-control', 'no-store');
  return people.sessions.info(now, drillOf(now.account.id));
}
