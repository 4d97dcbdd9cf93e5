/** Who asks, by the session's cookie or by a token in the `authorization` header; and whether a page is ours. */
import { BlockList, isIP } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { People } from '../people/index.ts';
import type { AccessOptions, Caller } from './access.ts';

/** Sent back to this host only, to no subdomain, and kept from scripts (RFC 6265bis §4.1.3.2). */
const cookieName = '__Host-siaga';
const cookieOptions = { path: '/', secure: true, httpOnly: true, sameSite: 'strict' } as const;

export function setSession(reply: FastifyReply, token: string): void {
  reply.setCookie(cookieName, token, cookieOptions);
}

export function clearSession(reply: FastifyReply): void {
  reply.clearCookie(cookieName, cookieOptions);
}

export type AuthenticationOptions = {
  readonly people: Pick<People, 'sessions'>;
  /** The drill that an account takes part in now. */
  readonly drillOf: (account: string) => string | null;
  /** Where the console is to be found, if it was set: `https://siaga.example.org`. */
  readonly origin: string | null;
};

export function authentication({ people, drillOf, origin }: AuthenticationOptions): AccessOptions {
  return {
    async authenticate(request): Promise<Caller | null> {
      const bearer = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
      const cookie = request.cookies[cookieName];
      // A token outranks a cookie: who sends one means it.
      const found =
        request.headers.authorization !== undefined
          ? bearer && (await people.sessions.byToken(bearer))
          : cookie && (await people.sessions.byCookie(cookie));
      return found ? { ...found, drill: drillOf(found.account.id) } : null;
    },
    ownOrigin: (given, request) => (origin === null ? isSameHost(given, request) : given === origin),
  };
}

const near = new BlockList();
for (const [net, bits] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
] as const)
  near.addSubnet(net, bits, 'ipv4');
near.addAddress('::1', 'ipv6');
near.addSubnet('fc00::', 7, 'ipv6');
near.addSubnet('fe80::', 10, 'ipv6');

/**
 * The page was loaded from the very host that the request went to, and that is one of this machine or network. A name
 * of the internet must be set as SIAGA_ORIGIN: anyone's name can be made to lead here (DNS rebinding).
 */
function isSameHost(given: string, { headers }: FastifyRequest): boolean {
  if (!URL.canParse(given)) return false;
  const { protocol, host, hostname } = new URL(given);
  return /^https?:$/.test(protocol) && host === headers.host && isNear(hostname);
}

function isNear(hostname: string): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '');
  const version = isIP(bare);
  if (version !== 0) return near.check(bare, version === 6 ? 'ipv6' : 'ipv4');
  return !bare.includes('.') || /\.(localhost|local|lan|internal|home\.arpa)$/.test(bare);
}
