import { afterEach, describe, expect, test } from 'vitest';
import { notifierContract } from '../notifier.contract.ts';
import type { Notifier } from '../notifier.ts';
import { type FakeModem, notice, startFakeSmsModem } from '../testing/index.ts';
import { smsModem } from './sms-modem.ts';

// Opening takes its time even at a fake.
notifierContract(startFakeSmsModem, {
  carries: 'short',
  link: false,
  recognisable: false,
  limit: 'SIAGA_SMS_MODEM_TIMEOUT_S',
});

describe('a modem and its SIM', () => {
  let fake: FakeModem;
  let notifier: Notifier;
  const start = async (state: Parameters<typeof startFakeSmsModem>[0], env: Record<string, string> = {}) => {
    fake = await startFakeSmsModem(state);
    const opened = smsModem.open({ ...fake.env, SIAGA_SMS_MODEM_TIMEOUT_S: '15', ...env });
    if (opened.state !== 'on') throw new Error(JSON.stringify(opened));
    notifier = opened.notifier;
  };
  afterEach(async () => {
    await notifier.close();
    await fake.close();
  });
  const send = (to = fake.address) => notifier.send(notice(), to);

  test('its PIN is entered, once a session', async () => {
    await start({ pin: '1234' }, { SIAGA_SMS_MODEM_PIN: '1234' });
    expect(await send()).toMatchObject({ state: 'sent', reference: '1' });
    expect(await send()).toMatchObject({ state: 'sent', reference: '2' });
    expect(fake.heard.filter((line) => line.startsWith('AT+CPIN='))).toHaveLength(1);
    expect(fake.heard.filter((line) => line === 'ATE0')).toHaveLength(1);
  });

  test('a PIN that is wrong is tried once', async () => {
    await start({ pin: '1234' }, { SIAGA_SMS_MODEM_PIN: '9999' });
    expect(await send()).toMatchObject({ state: 'retry', fault: 'the SIM refuses its PIN (+CME ERROR 16)' });
    expect(await send()).toMatchObject({ state: 'retry', fault: expect.stringContaining('SIAGA_SMS_MODEM_PIN') });
    expect(fake.state.pinTries).toBe(2);
  });

  test('the last attempt is left to people', async () => {
    await start({ pin: '1234', pinTries: 1 }, { SIAGA_SMS_MODEM_PIN: '9999' });
    expect(await send()).toMatchObject({ state: 'retry', fault: expect.stringContaining('only one attempt') });
    expect(fake.state.pinTries).toBe(1);
  });

  test('a PIN is wanted and none is set', async () => {
    await start({ pin: '1234' });
    expect(await send()).toMatchObject({ state: 'retry', fault: expect.stringContaining('set SIAGA_SMS_MODEM_PIN') });
  });

  test('no network: it says so, with the signal, and goes on when there is one', async () => {
    await start({ registration: 2 });
    expect(await send()).toEqual({
      state: 'retry',
      fault: 'no network: the modem is not registered (signal 4 of 31)',
      afterS: null,
      maybeSent: false,
    });
    fake.state.registration = 5;
    expect(await send()).toMatchObject({ state: 'sent' });
  });

  test.each([
    [1, { state: 'refused', gone: true }],
    [28, { state: 'refused', gone: true }],
    [304, { state: 'refused', gone: false }],
    [38, { state: 'retry', fault: 'the network is out of order (+CMS ERROR 38)', maybeSent: false }],
    [50, { state: 'retry', maybeSent: false }],
    [512, { state: 'retry', fault: 'the modem answers +CMS ERROR 512', maybeSent: false }],
  ])('+CMS ERROR %i', async (cmsError, outcome) => {
    await start({ cmsError });
    expect(await send()).toMatchObject(outcome);
  });

  test('one after another; who waits too long is told to come again', async () => {
    await start({}, { SIAGA_SMS_MODEM_TIMEOUT_S: '4' });
    await fake.set('hang');
    const [first, second] = await Promise.all([send(), send(fake.otherAddress)]);
    expect(first).toMatchObject({ state: 'retry', maybeSent: true });
    expect(second).toMatchObject({ state: 'retry', fault: 'the modem was busy with others', maybeSent: false });
  });

  test('pulled out and plugged in again between two messages', async () => {
    await start({});
    expect(await send()).toMatchObject({ state: 'sent' });
    await fake.set('down');
    expect(await send()).toMatchObject({ state: 'retry', maybeSent: false });
    await fake.set('none');
    expect(await send()).toMatchObject({ state: 'sent' });
    expect(fake.arrived()).toHaveLength(2);
  });
});
