/**
 * A notification in a person's browser by its push service (RFC 8030), encrypted for it alone (RFC 8291). An address is
 * the browser's subscription as JSON. A newer message of the same group takes the place of one not yet fetched.
 */
import { createHash } from 'node:crypto';
import webPush, { type PushSubscription, type VapidKeys } from 'web-push';
import { exchange } from '../exchange.ts';
import { httpOutcome } from '../http-outcome.ts';
import type { Address, Notice, Notifier, NotifierKind, SendOutcome } from '../notifier.ts';
import { type NetworkSettings, readSettings } from '../settings.ts';
import { cleanLine, cleanText, marked } from '../text.ts';
import { tracked } from '../tracked.ts';
import { vapidKeys, vapidVariables } from '../vapid.ts';

/** A browser that was off for longer is told the state as it is then. */
const ttlS = 6 * 3600;
const urgencies = { high: 'high', medium: 'normal', low: 'low' } as const;
/** Push services take 4096 bytes; three bytes a UTF-16 unit leave room for the rest. */
const maxBody = 900;
const maxLink = 300;

export const webPushKind: NotifierKind = {
  name: 'web-push',
  variables: ['SIAGA_WEB_PUSH_SUBJECT', ...vapidVariables],
  contact: 'push',
  open(env) {
    const settings = readSettings(env);
    const subject = settings.required('SIAGA_WEB_PUSH_SUBJECT');
    if (subject !== '' && !/^(mailto:[^\s@]+@[^\s@]+|https:\/\/[^\s/]+.*)$/.test(subject))
      settings.fault(
        'SIAGA_WEB_PUSH_SUBJECT',
        'must be mailto:ADDRESS or an https:// URL, to be reached by push services',
      );
    const keys = subject === '' ? null : vapidKeys(settings);
    const network = settings.network();
    return settings.opened(() => openWebPush(subject, keys ?? { publicKey: '', privateKey: '' }, network));
  },
};

/** What a browser needs to subscribe (`applicationServerKey`, base64url); null while web push is off or faulty. */
export function webPushPublicKey(env: Parameters<NotifierKind['open']>[0]): string | null {
  const settings = readSettings(env);
  if (settings.text('SIAGA_WEB_PUSH_SUBJECT') === undefined) return null;
  return vapidKeys(settings).publicKey || null;
}

function openWebPush(subject: string, keys: VapidKeys, network: NetworkSettings): Notifier {
  return tracked(webPushKind.name, async (notice, to, ended): Promise<SendOutcome> => {
    const subscription = readSubscription(to);
    const request = subscription === null ? null : requestOf(subscription, notice, { subject, ...keys });
    if (request === null) return { state: 'refused', fault: 'not a push subscription', gone: false };
    const answer = await exchange(request, network, ended);
    // Another key than the one subscribed with, or a clock that is wrong: ours to mend, so nothing is forgotten.
    if (answer.kind === 'answer' && (answer.status === 401 || answer.status === 403))
      return {
        state: 'retry',
        fault: `the push service refuses our key, or our clock is wrong (${answer.status})`,
        afterS: null,
        maybeSent: false,
      };
    return httpOutcome(answer, [404, 410]);
  });
}

function requestOf(
  subscription: PushSubscription,
  notice: Notice,
  vapidDetails: VapidKeys & { subject: string },
): Parameters<typeof exchange>[0] | null {
  try {
    const { endpoint, headers, body } = webPush.generateRequestDetails(subscription, payloadOf(notice), {
      vapidDetails,
      TTL: ttlS,
      urgency: urgencies[notice.priority],
      topic: topicOf(notice),
      contentEncoding: 'aes128gcm',
    });
    const texts = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]);
    return { url: new URL(endpoint), method: 'POST', headers: Object.fromEntries(texts), body, foreign: true };
  } catch {
    // Its key is no point of the curve.
    return null;
  }
}

/** 32 characters of base64url at most (RFC 8030 §5.4). */
function topicOf({ data, idempotencyKey }: Notice): string {
  const about = typeof data.group === 'string' ? data.group : idempotencyKey;
  return createHash('sha256').update(about).digest('base64url').slice(0, 32);
}

/** What the service worker shows; `tag` replaces what it showed of the same group. */
function payloadOf(notice: Notice): string {
  return JSON.stringify({
    version: 1,
    key: notice.idempotencyKey.slice(0, 200),
    tag: topicOf(notice),
    kind: notice.kind,
    priority: notice.priority,
    drill: notice.drill,
    title: marked(notice, cleanLine(notice.subject, 100)),
    body: cleanText(notice.text, maxBody),
    link: notice.link !== null && notice.link.length <= maxLink ? notice.link : null,
    deployment: cleanLine(notice.deployment, 60),
    at: new Date(notice.atMs).toISOString(),
  });
}

function readSubscription(address: Address): PushSubscription | null {
  try {
    const { endpoint, keys } = JSON.parse(address) as Partial<PushSubscription>;
    if (typeof endpoint !== 'string' || !URL.canParse(endpoint) || !endpoint.startsWith('https://')) return null;
    if (typeof keys?.p256dh !== 'string' || typeof keys.auth !== 'string') return null;
    return { endpoint, keys: { p256dh: keys.p256dh, auth: keys.auth } };
  } catch {
    return null;
  }
}
