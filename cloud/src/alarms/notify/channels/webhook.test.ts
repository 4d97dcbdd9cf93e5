import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { notifierContract } from '../notifier.contract.ts';
import type { Notifier } from '../notifier.ts';
import { notice, startFakeWebhook } from '../testing/index.ts';
import { type Listening, listening } from '../testing/listening.ts';
import { deploymentAddress, webhook } from './webhook.ts';

notifierContract(startFakeWebhook, { carries: 'text', link: true, recognisable: true });

const secret = 'sixteen-or-more-characters';
const opened = (env: Record<string, string> = {}): Notifier => {
  const result = webhook.open({ SIAGA_WEBHOOK_SECRET: secret, SIAGA_NOTIFY_TIMEOUT_S: '15', ...env });
  if (result.state !== 'on') throw new Error(JSON.stringify(result));
  return result.notifier;
};

describe('at a server of this machine', () => {
  let place: Listening;
  let heard: string[];
  let answer: { status: number; location?: string };
  beforeEach(async () => {
    heard = [];
    answer = { status: 200 };
    const server = createServer((request, response) => {
      heard.push(request.url ?? '');
      response.writeHead(answer.status, answer.location === undefined ? {} : { location: answer.location }).end();
    });
    place = await listening(server);
  });
  afterEach(() => place.down());
  const url = (host = '127.0.0.1') => `http://${host}:${place.port}/hook`;

  test('a person may not lead us to it, by whatever name', async () => {
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '2130706433', '[::ffff:127.0.0.1]'])
      expect(await opened().send(notice(), url(host))).toMatchObject({ maybeSent: false, state: 'retry' });
    expect(heard).toEqual([]);
  });

  test('who runs the platform may: by an allowed host, or as the deployment’s own', async () => {
    const allowed = opened({ SIAGA_NOTIFY_ALLOW_HOSTS: 'example.org, 127.0.0.1' });
    expect(await allowed.send(notice(), url())).toMatchObject({ state: 'sent' });
    const own = opened({ SIAGA_WEBHOOK_URL: url() });
    expect(await own.send(notice(), deploymentAddress)).toMatchObject({ state: 'sent' });
    expect(heard).toEqual(['/hook', '/hook']);
    expect(await opened().send(notice(), deploymentAddress)).toMatchObject({ state: 'refused', gone: false });
  });

  test.each([
    [302, { state: 'refused', gone: false }],
    [400, { state: 'refused', gone: false }],
    [404, { state: 'refused', gone: false }],
    [410, { state: 'refused', gone: true }],
    [408, { state: 'retry', maybeSent: false }],
    [503, { state: 'retry', maybeSent: false }],
    [504, { state: 'retry', maybeSent: true }],
  ])('answered %i', async (status, outcome) => {
    answer = { status, location: url() };
    expect(await opened({ SIAGA_WEBHOOK_URL: url() }).send(notice(), deploymentAddress)).toMatchObject(outcome);
    expect(heard).toHaveLength(1);
  });
});

test.each([
  'http://example.org/hook',
  'https://user:password@example.org/hook',
  'ftp://example.org',
  'javascript:alert(1)',
  deploymentAddress,
])('%s is no address', async (address) => {
  const outcome = await opened().send(notice(), address);
  expect(outcome).toMatchObject({ state: 'refused', gone: false });
});

test('metadata and neighbours are not spoken to', async () => {
  for (const host of ['169.254.169.254', '10.0.0.1', '192.168.1.1', '[fd00:ec2::254]', '[fe80::1]'])
    expect(await opened().send(notice(), `https://${host}/latest`)).toMatchObject({
      fault: expect.stringMatching(/public internet/),
      maybeSent: false,
    });
});
