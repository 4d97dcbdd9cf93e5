import { tmpdir } from 'node:os';
import { afterEach, expect, test } from 'vitest';
import { plausibleApi } from '../../api-testing.ts';
import type { Sink, StreamHub } from '../stream-hub.ts';
import { accessAs } from '../testing.ts';

let stop: (() => Promise<unknown>) | undefined;
afterEach(() => stop?.());

/** A hub that so many follow, and that ends each new stream at once. */
function followedBy(clients: number): StreamHub {
  const attach = (sink: Sink) => {
    sink.end();
    return () => {};
  };
  return { publish() {}, attach, clients: () => clients, close() {} };
}

test.each([
  ['the public', 1799, 200],
  ['the public', 1800, 503],
  ['an operator', 1999, 200],
  ['an operator', 2000, 503],
])('%s beside %i others is answered with %i', async (who, others, status) => {
  const web = { dir: tmpdir(), tilesPath: null };
  const access = accessAs(...(who === 'the public' ? ([null] as const) : []));
  const { app, close } = await plausibleApi({ web, access, hub: followedBy(others) });
  stop = close;
  const answer = await app.inject('/api/v1/stream');
  expect(answer.statusCode).toBe(status);
  if (status === 503) expect(answer.headers['retry-after']).toBe('5');
});
