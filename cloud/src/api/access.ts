/**
 * Who may use which route: every route says its `access`, and one that does not is refused at start. Anything but
 * reading must come from our own pages (origin check), unless the caller brought a token instead of a cookie, and may
 * not come too often. What cannot be undone wants a fresh proof of who one is.
 */
import fastifyCookie from '@fastify/cookie';
import type { Permission, PersonName } from '@siaga/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem } from './problem.ts';
import { defaultLimits, type Limits, rateLimits } from './rate-limits.ts';

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
    /** Wants a caller who proved who they are within the last minutes: 403 with field `fresh` otherwise. */
    fresh?: boolean;
    /** Something could be guessed here: fewer tries. */
    guarded?: boolean;
  }
}

/** A route as it was registered. */
export type GuardedRoute = {
  readonly method: string;
  readonly url: string;
  readonly access: Access;
  readonly fresh: boolean;
};

export type AccessOptions = {
  /** The caller of a request by cookie or token; null when it brings neither, or one that is no more good. */
  authenticate(request: FastifyRequest): Promise<Caller | null>;
  /** Whether a page of this origin is ours. */
  ownOrigin(origin: string, request: FastifyRequest): boolean;
  readonly limits?: Limits;
  /** Told of every route. */
  readonly onRoute?: (route: GuardedRoute) => void;
};

const safe = new Set(['GET', 'HEAD', 'OPTIONS']);

export async function useAccess(app: FastifyInstance, options: AccessOptions): Promise<void> {
  const { authenticate, ownOrigin, limits = defaultLimits, onRoute = () => {} } = options;
  await app.register(fastifyCookie);
  const waitS = await rateLimits(app, limits);
  app.decorateRequest('caller', null);
  app.addHook('onRoute', ({ method, url, config }) => {
    for (const each of [method].flat()) {
      if (config?.access === undefined) throw new Error(`${each} ${url} does not say its access`);
      onRoute({ method: each, url, access: config.access, fresh: config.fresh ?? false });
    }
  });
  app.addHook('onRequest', async (request, reply) => {
    const { access, fresh = false, guarded = false } = request.routeOptions.config;
    request.caller = await authenticate(request);
    const { caller } = request;
    if (caller === null && /^Bearer\b/i.test(request.headers.authorization ?? ''))
      return unauthorized(reply, 'The token is not good, or no more.');
    if (!safe.has(request.method) && caller?.by !== 'token') {
      const { origin } = request.headers;
      if (origin === undefined || !ownOrigin(origin, request))
        return sendProblem(
          reply,
          403,
          'The request does not come from a page of this server (Origin). If it does, set SIAGA_ORIGIN to where its console is.',
        );
    }
    if (!safe.has(request.method) || guarded) {
      const wait = await waitS(request, guarded);
      if (wait > 0) return tooOften(reply, wait, 'Too many requests: wait a little.');
    }
    if (access === undefined || access === 'public') return;
    if (caller === null) return unauthorized(reply, 'Sign in first.');
    if (!caller.permissions.has(access))
      return sendProblem(reply, 403, `Your role (${caller.account.role}) does not allow this (${access}).`);
    if (fresh && !caller.fresh)
      return sendProblem(reply, 403, 'Prove who you are again: give your password, or use your passkey.', 'fresh');
  });
}

function unauthorized(reply: FastifyReply, detail: string): FastifyReply {
  reply.header('www-authenticate', 'Bearer');
  return sendProblem(reply, 401, detail);
}

export function tooOften(reply: FastifyReply, retryAfterS: number, detail: string): FastifyReply {
  reply.header('retry-after', String(retryAfterS));
  return sendProblem(reply, 429, detail);
}
