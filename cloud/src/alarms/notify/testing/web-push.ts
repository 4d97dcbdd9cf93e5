/**
 * A push service and the browsers behind it, over HTTPS: it checks who sends (RFC 8292), a browser decrypts (RFC 8291,
 * RFC 8188), both written from the standards and apart from the library that we send with.
 */
import { createDecipheriv, createECDH, createPublicKey, type ECDH, hkdfSync, randomBytes, verify } from 'node:crypto';
import { webPushKind, webPushPublicKey } from '../channels/web-push.ts';
import { testAuthority } from './authority.ts';
import type { FakeChannel } from './fake.ts';
import { type HttpFakeRequest, startHttpFake } from './http-fake.ts';

type Browser = { readonly ecdh: ECDH; readonly auth: Buffer };

export async function startFakeWebPush(): Promise<FakeChannel & { readonly requests: readonly HttpFakeRequest[] }> {
  const authority = await testAuthority();
  const env: Record<string, string> = {
    SIAGA_WEB_PUSH_SUBJECT: 'mailto:admin@example.org',
    SIAGA_DATA: authority.folder,
    SIAGA_NOTIFY_CA: authority.caFile,
    SIAGA_NOTIFY_ALLOW_HOSTS: 'localhost',
  };
  const platformKey = webPushPublicKey(env) ?? '';
  const browsers = new Map(['/push/one', '/push/two'].map((path) => [path, newBrowser()]));
  const http = await startHttpFake(
    {
      read({ path, headers, body }) {
        const browser = browsers.get(path);
        if (browser === undefined) return { status: 404 };
        if (!isSignedBy(platformKey, headers.authorization ?? '', origin())) return { status: 403 };
        if (!/^\d+$/.test(headers.ttl ?? '') || headers['content-encoding'] !== 'aes128gcm') return { status: 400 };
        if (body.length > 4096) return { status: 413 };
        const shown = JSON.parse(decrypted(browser, body)) as Record<'title' | 'body' | 'key', string> & {
          link: string | null;
          drill: boolean;
        };
        return {
          address: addressOf(path),
          text: [shown.title, shown.body, shown.link ?? ''].join('\n'),
          drill: shown.drill,
          key: shown.key,
        };
      },
      replies: {
        taken: { status: 201 },
        gone: { status: 410 },
        busy: { status: 429, headers: { 'retry-after': '7' } },
        error: { status: 500 },
      },
    },
    authority.server,
  );
  const origin = (): string => `https://localhost:${http.port}`;
  const addressOf = (path: string): string => {
    const browser = browsers.get(path) ?? newBrowser();
    const keys = { p256dh: browser.ecdh.getPublicKey('base64url'), auth: browser.auth.toString('base64url') };
    return JSON.stringify({ endpoint: `${origin()}${path}`, expirationTime: null, keys });
  };
  return {
    kind: webPushKind,
    env,
    address: addressOf('/push/one'),
    otherAddress: addressOf('/push/two'),
    secrets: ['/push/one', '/push/two'],
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

function newBrowser(): Browser {
  const ecdh = createECDH('prime256v1');
  ecdh.generateKeys();
  return { ecdh, auth: randomBytes(16) };
}

/** `Authorization: vapid t=<JWT>, k=<public key>` for this origin, good for at most a day. */
function isSignedBy(publicKey: string, authorization: string, origin: string): boolean {
  const [, token = '', key = ''] = /^vapid t=([^,]+), k=([\w-]+)$/.exec(authorization) ?? [];
  const [head = '', claims = '', signature = ''] = token.split('.');
  if (key !== publicKey || signature === '') return false;
  const point = Buffer.from(key, 'base64url');
  const jwk = { kty: 'EC', crv: 'P-256', x: point.toString('base64url', 1, 33), y: point.toString('base64url', 33) };
  const holds = verify(
    'sha256',
    Buffer.from(`${head}.${claims}`),
    { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  const { aud, exp, sub } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>;
  const leftS = Number(exp) - Date.now() / 1000;
  return holds && aud === origin && leftS > 0 && leftS <= 86_400 && sub === 'mailto:admin@example.org';
}

/** RFC 8188 §2.1: salt, record size, length of the key id, the key id; then one record, ended by 0x02 and zeros. */
function decrypted({ ecdh, auth }: Browser, body: Buffer): string {
  const salt = body.subarray(0, 16);
  const sender = body.subarray(21, 21 + (body[20] ?? 0));
  const record = body.subarray(21 + sender.length);
  const derive = (key: Uint8Array, by: Uint8Array, info: Uint8Array, length: number): Buffer =>
    Buffer.from(hkdfSync('sha256', key, by, info, length));
  const keyInfo = Buffer.concat([Buffer.from('WebPush: info\0'), ecdh.getPublicKey(), sender]);
  const input = derive(ecdh.computeSecret(sender), auth, keyInfo, 32);
  const key = derive(input, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
  const nonce = derive(input, salt, Buffer.from('Content-Encoding: nonce\0'), 12);
  const decipher = createDecipheriv('aes-128-gcm', key, nonce);
  decipher.setAuthTag(record.subarray(-16));
  const padded = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()]);
  return padded.toString('utf8', 0, padded.lastIndexOf(2));
}
