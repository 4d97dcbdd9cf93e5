import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { notifierContract } from '../notifier.contract.ts';
import { notice, startFakeWebPush } from '../testing/index.ts';
import { webPushKind, webPushPublicKey } from './web-push.ts';

notifierContract(startFakeWebPush, { carries: 'text', link: true, recognisable: true });

test('a newer message of a group takes the place of the older, by its topic; urgency goes by priority', async () => {
  const fake = await startFakeWebPush();
  const opened = webPushKind.open({ ...fake.env, SIAGA_NOTIFY_TIMEOUT_S: '15' });
  if (opened.state !== 'on') throw new Error(JSON.stringify(opened));
  const send = (idempotencyKey: string, group: string, priority: 'low' | 'medium' | 'high') =>
    opened.notifier.send(notice({ idempotencyKey, priority, data: { group } }), fake.address);
  await send('g1.1', 'g1', 'high');
  await send('g1.2', 'g1', 'medium');
  await send('g2.1', 'g2', 'low');
  const [first, second, third] = fake.requests.map(({ headers }) => headers);
  expect(first?.topic).toMatch(/^[\w-]{32}$/);
  expect(second?.topic).toBe(first?.topic);
  expect(third?.topic).not.toBe(first?.topic);
  expect([first?.urgency, second?.urgency, third?.urgency]).toEqual(['high', 'normal', 'low']);
  expect(first?.ttl).toBe('21600');
  // Another subscription of the same service, which it no longer knows.
  const forgotten = fake.address.replace('/push/one', '/push/gone');
  expect(await opened.notifier.send(notice(), forgotten)).toMatchObject({ state: 'refused', gone: true });
  await opened.notifier.close();
  await fake.close();
});

test('other keys than those subscribed with forget nobody', async () => {
  const fake = await startFakeWebPush();
  rmSync(join(fake.env.SIAGA_DATA ?? '', 'web-push.json'));
  const opened = webPushKind.open(fake.env);
  if (opened.state !== 'on') throw new Error(JSON.stringify(opened));
  expect(await opened.notifier.send(notice(), fake.address)).toMatchObject({ state: 'retry', maybeSent: false });
  await fake.close();
});

test('a subscription with a key that is none, or that leads to this machine, is not sent to', async () => {
  const fake = await startFakeWebPush();
  const opened = webPushKind.open({ ...fake.env, SIAGA_NOTIFY_ALLOW_HOSTS: '' });
  if (opened.state !== 'on') throw new Error(JSON.stringify(opened));
  const broken = JSON.stringify({
    ...JSON.parse(fake.address),
    keys: { p256dh: 'BA'.repeat(44), auth: 'A'.repeat(22) },
  });
  expect(await opened.notifier.send(notice(), broken)).toMatchObject({ state: 'refused', gone: false });
  expect(await opened.notifier.send(notice(), fake.address)).toMatchObject({
    fault: expect.stringContaining('public'),
  });
  expect(fake.requests).toEqual([]);
  await fake.close();
});

describe('the keys', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'siaga-keys-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const env = (more: Record<string, string> = {}) => ({
    SIAGA_WEB_PUSH_SUBJECT: 'mailto:admin@example.org',
    SIAGA_DATA: join(folder, 'data'),
    ...more,
  });
  const file = () => join(folder, 'data', 'web-push.json');

  test('are made once, for the platform’s user alone', () => {
    const made = webPushPublicKey(env());
    expect(Buffer.from(made ?? '', 'base64url')).toHaveLength(65);
    expect(webPushPublicKey(env())).toBe(made);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(webPushKind.open(env()).state).toBe('on');
  });

  test('come from the environment before the file, and then make none', () => {
    webPushPublicKey(env());
    const kept = JSON.parse(readFileSync(file(), 'utf8')) as { publicKey: string; privateKey: string };
    rmSync(file());
    const given = { SIAGA_WEB_PUSH_PUBLIC_KEY: kept.publicKey, SIAGA_WEB_PUSH_PRIVATE_KEY: kept.privateKey };
    expect(webPushPublicKey(env(given))).toBe(kept.publicKey);
    expect(() => statSync(file())).toThrow(/ENOENT/);
    const { SIAGA_WEB_PUSH_PRIVATE_KEY: _, ...half } = given;
    expect(webPushKind.open(env(half))).toMatchObject({ state: 'faulty', faults: [expect.stringContaining('pair')] });
  });

  test('are not made anew over a broken file, and not at all while it is off', () => {
    expect(webPushPublicKey({ SIAGA_DATA: folder })).toBeNull();
    webPushPublicKey(env());
    for (const text of ['', '{}', '[', '{"publicKey":"x","privateKey":"y"}']) {
      writeFileSync(file(), text);
      expect(webPushKind.open(env())).toMatchObject({
        state: 'faulty',
        faults: [expect.stringMatching(/^SIAGA_DATA/)],
      });
      expect(readFileSync(file(), 'utf8')).toBe(text);
    }
  });
});
