/**
 * Who may use which route: every route says its `access`, and one that does not is refused at start. Anything but
 * reading must come from our own pages (origin check), unless the caller brought a token instead of a cookie.
 */
import type { Permission, PersonName } from '@siaga/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { sendProblem } from './problem.ts';

export type Access = 'public' | Permission;

/** Who asks, as far as a route needs it. */
export type Caller = {
  readonly account: PersonName;
  readonly permissions: ReadonlySet<Permission>;
  /** The drill that the account takes part in now. */
  readonly drill: string | null;
  /** Proved who one is within the last minutes. */
  readonly fresh: boolean;
  /** `cookie` needs the origin check, `token` does not. */
  readonly by: 'cookie' | 'token';
  /** The session as the people's room knows it. */
  readonly session: string;
  /** Whether the session stands: asked again while a stream is open. */
  valid(): boolean;
};

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null;
  }
  interface FastifyContextConfig {
    access?: Access;
  }
}

export type AccessOptions = {
  /** The caller of a request by cookie or token; null when it brings neither, or one that is no more good. */
  authenticate(request: FastifyRequest): Promise<Caller | null>;
  /** Whether a page of this origin is ours. */
  ownOrigin(origin: string, request: FastifyRequest): boolean;
};

const safe = new Set(['GET', 'HEAD', 'OPTIONS']);

export function useAccess(app: FastifyInstance, { authenticate, ownOrigin }: AccessOptions): void {
  app.decorateRequest('caller', null);
  app.addHook('onRoute', (route) => {
    if (route.config?.access === undefined && route.method !== 'HEAD')
      throw new Error(`${route.method} ${route.url} does not say its access`);
  });
  app.addHook('onRequest', async (request, reply) => {
    const access = request.routeOptions.config.access;
    request.caller = await authenticate(request);
    const { caller } = request;
    if (!safe.has(request.method) && caller?.by !== 'token') {
      const { origin } = request.headers;
      if (origin === undefined || !ownOrigin(origin, request))
        return sendProblem(reply, 403, 'The request does not come from a page of this server (Origin).');
    }
    if (access === undefined || access === 'public') return;
    if (caller === null) return sendProblem(reply, 401, 'Sign in first.');
    if (!caller.permissions.has(access))
      return sendProblem(reply, 403, `Your role (${caller.account.role}) does not allow this (${access}).`);
  });
}
