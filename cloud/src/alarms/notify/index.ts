/** The channels there are: each a file in `channels/`, its fake in `testing/`, and a line here. */
import { email } from './channels/email.ts';
import { smsHttp } from './channels/sms-http.ts';
import { smsModem } from './channels/sms-modem.ts';
import { telegram } from './channels/telegram.ts';
import { webPushKind } from './channels/web-push.ts';
import { webhook } from './channels/webhook.ts';
import type { Notifier, NotifierKind } from './notifier.ts';
import type { Env } from './settings.ts';

export const notifierKinds: readonly NotifierKind[] = [email, webhook, telegram, smsHttp, smsModem, webPushKind];

export { webPushPublicKey } from './channels/web-push.ts';

export type OpenedNotifiers = {
  readonly on: ReadonlyMap<string, Notifier>;
  /** Channels without their settings, and which those are. */
  readonly off: readonly { readonly name: string; readonly missing: readonly string[] }[];
  /** What is wrong in the settings, of all channels. Nothing should start with any. */
  readonly faults: readonly string[];
};

export function openNotifiers(env: Env, kinds: readonly NotifierKind[] = notifierKinds): OpenedNotifiers {
  const opened = kinds.map((kind) => ({ name: kind.name, result: kind.open(env) }));
  return {
    on: new Map(opened.flatMap(({ name, result }) => (result.state === 'on' ? [[name, result.notifier]] : []))),
    off: opened.flatMap(({ name, result }) => (result.state === 'off' ? [{ name, missing: result.missing }] : [])),
    faults: [...new Set(opened.flatMap(({ result }) => (result.state === 'faulty' ? result.faults : [])))],
  };
}
