import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type FakeChannel,
  startFakeEmail,
  startFakeSmsHttp,
  startFakeWebhook,
} from '../alarms/notify/testing/index.ts';
import { runOutage } from './outage.ts';

let fakes: FakeChannel[];
beforeAll(async () => {
  fakes = await Promise.all([startFakeEmail(), startFakeWebhook(), startFakeSmsHttp()]);
});
afterAll(async () => {
  for (const fake of fakes) await fake.close();
});

test('one channel down for an hour: one message of then, nothing twice, the next duty reached by the others', async () => {
  const report = await runOutage({ fakes, down: ['email'], overBefore: false, shortened: 3000 });
  const mail = report.got.filter(({ channel }) => channel === 'email');
  expect(mail.map(({ meanwhile, back, over, isCurrent }) => ({ meanwhile, back, over, isCurrent }))).toEqual([
    { meanwhile: 0, back: 1, over: 1, isCurrent: true },
    { meanwhile: 0, back: 1, over: 1, isCurrent: true },
  ]);
  expect(report.calls).toBeGreaterThan(3);
  expect(report).toMatchObject({ twiceByKey: 0, twiceByContent: 0, supervisorReachedBy: ['webhook', 'sms-http'] });
  expect(report.escalatedAfterMin).toBeLessThanOrEqual(15);
});

test('all down until it is over: each is told once that it is over', async () => {
  const names = fakes.map(({ kind }) => kind.name);
  const report = await runOutage({ fakes, down: names, overBefore: true, shortened: 3000 });
  for (const { meanwhile, back, over, isCurrent } of report.got)
    expect({ meanwhile, back, over, isCurrent }).toEqual({ meanwhile: 0, back: 1, over: 0, isCurrent: true });
  expect(report).toMatchObject({ twiceByKey: 0, twiceByContent: 0 });
});
