import { Type } from 'typebox';
import { isRefusal } from '../../people/refusal.ts';
import { setSession } from '../authenticate.ts';
import { sendProblem } from '../problem.ts';
import { originOf } from '../site.ts';
import { agentOf, type SessionOptions } from './session.ts';
import { type App, problems } from './types.ts';

/** Binds the way back to the browser that set out. Lax: it must come along from the provider's page. */
const cookieName = '__Host-siaga-oidc';
const cookieOptions = { path: '/', secure: true, httpOnly: true, sameSite: 'lax', maxAge: 600 } as const;
const Query = Type.Object(
  {
    again: Type.Boolean({ default: false, description: 'To prove who one is, although one is signed in' }),
    back: Type.String({
      default: '',
      maxLength: 500,
      pattern: '^[\\w.~!$&()*+,;=:@/?%-]*$',
      description: 'Where in the console to come back to: what stands after #',
    }),
  },
  { additionalProperties: false },
);
const redirect = { 302: { description: 'To the provider, or back to the console', ...Type.Null() } };

/** `/session/oidc`: away to the identity provider, and back. A failure shows in the console as `#sign-in=<why>`. */
export function oidcRoutes(app: App, { people, origin }: SessionOptions): void {
  app.get(
    '/session/oidc',
    {
      config: { access: 'public', guarded: true },
      schema: {
        operationId: 'beginOidc',
        summary: 'Sends the browser to the identity provider',
        tags: ['people'],
        querystring: Query,
        response: { ...redirect, 400: problems[400], 404: problems[404] },
      },
    },
    async (request, reply) => {
      if (people.oidc === null) return sendProblem(reply, 404, 'No identity provider is set (SIAGA_OIDC_ISSUER).');
      try {
        const { url, key } = await people.oidc.begin(`${originOf(request, origin)}/api/v1/session/oidc/callback`, {
          ...request.query,
          session: request.caller?.by === 'cookie' ? request.caller.session : null,
        });
        reply.setCookie(cookieName, key, cookieOptions);
        return reply.redirect(url);
      } catch (error) {
        request.log.error({ err: error }, 'the identity provider cannot be reached');
        return reply.redirect('/#sign-in=provider');
      }
    },
  );
  app.get(
    '/session/oidc/callback',
    {
      config: { access: 'public', guarded: true },
      schema: {
        operationId: 'endOidc',
        summary: 'Where the identity provider sends the browser back to',
        tags: ['people'],
        response: { ...redirect, 404: problems[404] },
      },
    },
    async (request, reply) => {
      if (people.oidc === null) return sendProblem(reply, 404, 'No identity provider is set (SIAGA_OIDC_ISSUER).');
      reply.clearCookie(cookieName, cookieOptions).header('cache-control', 'no-store');
      const url = new URL(request.url, originOf(request, origin));
      const done = await people.oidc.finish(url, request.cookies[cookieName] ?? '').catch((error: unknown) => {
        request.log.warn({ err: error }, 'sign-in by the identity provider failed');
        return null;
      });
      if (done === null) return reply.redirect('/#sign-in=failed');
      if (isRefusal(done)) return reply.redirect(`/#sign-in=${done.refused}`);
      const { account, provedAgoMs, session, back } = done;
      setSession(reply, await people.signIn.open(account, agentOf(request), 'oidc', provedAgoMs));
      // Its cookie does not come along from the provider's page: it was noted when the browser set out.
      if (session !== null) await people.sessions.close(session);
      return reply.redirect(back === '' ? '/' : `/#${back}`);
    },
  );
}
