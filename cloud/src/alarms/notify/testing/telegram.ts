/** The part of Telegram's Bot API that sends, with its answers as the documentation gives them. */
import { telegram } from '../channels/telegram.ts';
import type { FakeChannel } from './fake.ts';
import { startHttpFake } from './http-fake.ts';

const token = '123456:tests-0123456789-abcdef';

export async function startFakeTelegram(): Promise<FakeChannel> {
  const failed = (code: number, description: string, parameters: object = {}) => ({
    status: code,
    body: JSON.stringify({ ok: false, error_code: code, description, parameters }),
  });
  const http = await startHttpFake({
    read({ path, body }) {
      if (path !== `/bot${token}/sendMessage`) return failed(404, 'Not Found');
      const message = JSON.parse(body.toString('utf8')) as { chat_id: string; text: string; parse_mode?: string };
      if (message.text.length > 4096) return failed(400, 'Bad Request: message is too long');
      if (message.parse_mode !== undefined) return failed(400, "Bad Request: can't parse entities");
      const drill = message.text.startsWith('DRILL:');
      return { address: message.chat_id, text: message.text, drill, key: null };
    },
    replies: {
      taken: { status: 200, body: JSON.stringify({ ok: true, result: { message_id: 4711 } }) },
      gone: failed(403, 'Forbidden: bot was blocked by the user'),
      busy: failed(429, 'Too Many Requests: retry after 7', { retry_after: 7 }),
      error: failed(502, 'Bad Gateway'),
    },
  });
  return {
    kind: telegram,
    env: { SIAGA_TELEGRAM_TOKEN: token, SIAGA_TELEGRAM_API: `http://127.0.0.1:${http.port}` },
    address: '550011',
    otherAddress: '-100550022',
    secrets: [token],
    busyAfterS: 7,
    arrived: http.arrived,
    set: http.set,
    connections: http.connections,
    close: http.close,
  };
}
