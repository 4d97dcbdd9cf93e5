/** An SMS gateway of the usual kind: JSON in, JSON out, a bearer token. */
import { smsHttp } from '../channels/sms-http.ts';
import type { FakeChannel } from './fake.ts';
import { startHttpFake } from './http-fake.ts';

const token = 'gateway-token-of-the-tests';

export async function startFakeSmsHttp(): Promise<FakeChannel> {
  const http = await startHttpFake({
    read({ headers, body }) {
      if (headers.authorization !== `Bearer ${token}`) return { status: 401 };
      const message = JSON.parse(body.toString('utf8')) as { to: string; message: string; ref: string };
      const drill = message.message.startsWith('DRILL:');
      return { address: message.to, text: message.message, drill, key: message.ref };
    },
    replies: {
      taken: { status: 200, body: JSON.stringify({ messages: [{ status: 'queued', id: 'sms-4711' }] }) },
      gone: { status: 400, body: JSON.stringify({ error: { code: 21211, message: 'invalid number' } }) },
      busy: { status: 429, headers: { 'retry-after': '7' } },
      error: { status: 500 },
    },
  });
  return {
    kind: smsHttp,
    env: {
      SIAGA_SMS_URL: `http://127.0.0.1:${http.port}/v1/messages`,
      SIAGA_SMS_BODY: '{"to":"{to}","message":"{text}","ref":"{key}"}',
      SIAGA_SMS_HEADERS: `Authorization: Bearer ${token}`,
      SIAGA_SMS_SUCCESS: 'messages.0.status=queued',
      SIAGA_SMS_REFERENCE: 'messages.0.id',
      SIAGA_SMS_GONE: 'error.code=21211',
    },
    address: '+6281200000001',
    otherAddress: '+6281200000002',
    secrets: [token],
    busyAfterS: 7,
    arrived: http.arrived,
    set: http.set,
    connections: http.connections,
    close: http.close,
  };
}
