/** A webhook's receiver over HTTPS, as docs/notify.md describes one: checks the signature and its age first. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { webhook } from '../channels/webhook.ts';
import { testAuthority } from './authority.ts';
import type { FakeChannel } from './fake.ts';
import { type HttpFakeRequest, startHttpFake } from './http-fake.ts';

const secret = 'a-secret-of-the-tests';
const maxAgeS = 300;

/** The documented check: constant time, and not older than five minutes. */
export function signatureHolds(key: string, header: string, body: string, nowMs: number): boolean {
  const parts = new Map(header.split(',').map((part) => part.split('=', 2) as [string, string]));
  const at = Number(parts.get('t'));
  const expected = createHmac('sha256', key).update(`${at}.${body}`).digest();
  const given = Buffer.from(parts.get('v1') ?? '', 'hex');
  return given.length === expected.length && timingSafeEqual(given, expected) && Math.abs(nowMs / 1000 - at) <= maxAgeS;
}

export async function startFakeWebhook(): Promise<FakeChannel & { readonly requests: readonly HttpFakeRequest[] }> {
  const authority = await testAuthority();
  const http = await startHttpFake(
    {
      read({ headers, body, path, method }) {
        const text = body.toString('utf8');
        if (method !== 'POST') return { status: 405 };
        if (!signatureHolds(secret, headers['siaga-signature'] ?? '', text, Date.now())) return { status: 401 };
        const message = JSON.parse(text) as { subject: string; text: string; link: string | null; drill: boolean };
        return {
          address: `https://localhost:${http.port}${path}`,
          text: [message.subject, message.text, message.link ?? ''].join('\n'),
          drill: message.drill && headers['siaga-drill'] === 'true',
          key: headers['idempotency-key'] ?? null,
        };
      },
      replies: {
        taken: { status: 204 },
        gone: { status: 410 },
        busy: { status: 429, headers: { 'retry-after': '7' } },
        error: { status: 500, body: 'internal error' },
      },
    },
    authority.server,
  );
  return {
    kind: webhook,
    env: {
      SIAGA_WEBHOOK_SECRET: secret,
      SIAGA_NOTIFY_CA: authority.caFile,
      SIAGA_NOTIFY_ALLOW_HOSTS: 'localhost',
    },
    address: `https://localhost:${http.port}/hooks/one`,
    otherAddress: `https://localhost:${http.port}/hooks/two`,
    secrets: [secret],
    busyAfterS: 7,
    requests: http.requests,
    arrived: http.arrived,
    set: http.set,
    connections: http.connections,
    async close() {
      await http.close();
      authority.remove();
    },
  };
}
