/** Fakes of all channels, for benches and flows: start one, give its `env` to the platform, watch what arrives. */
export { startFakeEmail } from './email.ts';
export type { Arrived, FakeChannel } from './fake.ts';
export { notice } from './notices.ts';
export { startFakeSmsHttp } from './sms-http.ts';
export { type FakeModem, startFakeSmsModem } from './sms-modem.ts';
export { startFakeTelegram } from './telegram.ts';
export { startFakeWebPush } from './web-push.ts';
export { startFakeWebhook } from './webhook.ts';
