import type { FastifyRequest } from 'fastify';
import type { Site } from '../people/passkeys.ts';

/** Where the console is, as its links say it: as it was set, or where this request's page was loaded from. */
export function originOf(request: Pick<FastifyRequest, 'headers' | 'protocol'>, origin: string | null): string {
  return origin ?? `${request.protocol}://${request.headers.host ?? 'localhost'}`;
}

/** The site that passkeys belong to; null where browsers have none: without HTTPS, or by a bare address. */
export function passkeySite(request: Pick<FastifyRequest, 'headers' | 'protocol'>, origin: string | null): Site | null {
  const text = originOf(request, origin);
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const isLocal = url.hostname === 'localhost' || url.hostname.endsWith('.localhost');
  const isNamed = isLocal || /[a-z]/i.test(url.hostname.replace(/^\[.*\]$/, ''));
  return isNamed && (url.protocol === 'https:' || isLocal) ? { origin: url.origin, hostname: url.hostname } : null;
}
