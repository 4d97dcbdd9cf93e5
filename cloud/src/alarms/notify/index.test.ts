import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { notifierKinds, openNotifiers } from './index.ts';
import { networkVariables } from './settings.ts';

const files = (folder: string, pattern: RegExp) =>
  readdirSync(new URL(folder, import.meta.url))
    .filter((name) => pattern.test(name))
    .map((name) => name.replace(pattern, ''))
    .sort();
const page = (name: string) => readFileSync(new URL(`../../../../docs/${name}`, import.meta.url), 'utf8');
const names = notifierKinds.map(({ name }) => name).sort();

test('every file of the channels is listed, with its fake and its test', () => {
  const channels = files('channels/', /(?<!\.test)\.ts$/);
  expect(names).toEqual(channels);
  expect(files('channels/', /\.test\.ts$/)).toEqual(channels);
  expect(files('testing/', /\.ts$/)).toEqual(expect.arrayContaining(channels));
});

test('every variable is told in the manual, every channel has its section', () => {
  for (const variable of [...networkVariables, ...notifierKinds.flatMap(({ variables }) => variables)])
    expect(page('operate.md')).toContain(`\`${variable}\``);
  for (const name of names) expect(page('notify.md')).toContain(`\n## \`${name}\``);
});

test('without settings all are off, and say what they lack', () => {
  const { on, off, faults } = openNotifiers({});
  expect([...on]).toEqual([]);
  expect(faults).toEqual([]);
  expect(off.map(({ name }) => name).sort()).toEqual(names);
  for (const { missing } of off) expect(missing.length).toBeGreaterThan(0);
});

test('all faults of all channels at once, none of them with a secret', () => {
  const { faults } = openNotifiers({
    SIAGA_NOTIFY_TIMEOUT_S: 'soon',
    SIAGA_NOTIFY_CA: '/nowhere/ca.crt',
    SIAGA_EMAIL: 'smtp://user:hunter2@mail.example.org',
    SIAGA_WEBHOOK_SECRET: 'hunter2',
    SIAGA_WEBHOOK_URL: 'http://example.org',
    SIAGA_TELEGRAM_TOKEN: 'hunter2',
    SIAGA_SMS_URL: 'https://sms.example.org/?key=hunter2',
    SIAGA_SMS_BODY: '{"to":{to}}',
    SIAGA_SMS_HEADERS: 'hunter2',
    SIAGA_SMS_SUCCESS: 'ok',
    SIAGA_SMS_MODEM: '/dev/ttyUSB3',
    SIAGA_SMS_MODEM_BAUD: '1',
    SIAGA_SMS_MODEM_PIN: 'hunter2',
    SIAGA_WEB_PUSH_SUBJECT: 'admin',
    SIAGA_WEB_PUSH_PUBLIC_KEY: 'hunter2',
  });
  expect(faults.map((each) => each.split(':')[0]).sort()).toEqual([
    'SIAGA_EMAIL',
    'SIAGA_NOTIFY_CA',
    'SIAGA_NOTIFY_TIMEOUT_S',
    'SIAGA_SMS_BODY',
    'SIAGA_SMS_BODY',
    'SIAGA_SMS_BODY',
    'SIAGA_SMS_HEADERS',
    'SIAGA_SMS_MODEM_BAUD',
    'SIAGA_SMS_MODEM_PIN',
    'SIAGA_SMS_SUCCESS',
    'SIAGA_TELEGRAM_TOKEN',
    'SIAGA_WEBHOOK_SECRET',
    'SIAGA_WEBHOOK_URL',
    'SIAGA_WEB_PUSH_PUBLIC_KEY, SIAGA_WEB_PUSH_PRIVATE_KEY',
    'SIAGA_WEB_PUSH_SUBJECT',
  ]);
  expect(faults.join('\n')).not.toContain('hunter2');
});

test('half of the settings is a fault, not off', () => {
  const { off, faults } = openNotifiers({ SIAGA_WEBHOOK_URL: 'https://example.org/hook' });
  expect(off.map(({ name }) => name)).not.toContain('webhook');
  expect(faults).toEqual(['SIAGA_WEBHOOK_SECRET: is missing']);
});
