/** A signed POST of JSON to a person's URL, or the deployment's: for chat rooms, sirens, other control rooms. */
import { exchange } from '../exchange.ts';
import { httpOutcome } from '../http-outcome.ts';
import type { Notice, Notifier, NotifierKind, SendOutcome } from '../notifier.ts';
import { isLoopbackHost } from '../reachable.ts';
import { fault, type NetworkSettings, readSettings } from '../settings.ts';
import { signatureOf } from '../signature.ts';
import { cleanLine, cleanText, marked } from '../text.ts';
import { tracked } from '../tracked.ts';

/** Stands for the deployment's own URL, SIAGA_WEBHOOK_URL. */
export const deploymentAddress = 'deployment';
const minSecret = 16;

export const webhook: NotifierKind = {
  name: 'webhook',
  variables: ['SIAGA_WEBHOOK_SECRET', 'SIAGA_WEBHOOK_URL'],
  contact: 'webhook',
  open(env) {
    const settings = readSettings(env);
    const secret = settings.required('SIAGA_WEBHOOK_SECRET');
    if (secret !== '' && secret.length < minSecret)
      settings.fault('SIAGA_WEBHOOK_SECRET', `must have at least ${minSecret} characters`);
    const own = settings.parsed<URL | null>(
      'SIAGA_WEBHOOK_URL',
      null,
      (value) => readUrl(value) ?? fault('must be an https:// URL (http:// only to this machine)'),
    );
    const network = settings.network();
    return settings.opened(() => openWebhook(secret, own, network));
  },
};

function readUrl(value: string): URL | null {
  if (!URL.canParse(value)) return null;
  const url = new URL(value);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopbackHost(url.hostname))) return null;
  return url.username === '' && url.password === '' ? url : null;
}

function openWebhook(secret: string, own: URL | null, network: NetworkSettings): Notifier {
  return tracked(webhook.name, async (notice, to, ended): Promise<SendOutcome> => {
    const url = to === deploymentAddress ? own : readUrl(to);
    if (url === null) return { state: 'refused', fault: 'not an https:// URL without a password', gone: false };
    const body = bodyOf(notice);
    const answer = await exchange(
      {
        url,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'siaga',
          'idempotency-key': cleanLine(notice.idempotencyKey, 200).replace(/[^\x20-\x7e]/g, '_'),
          'siaga-signature': signatureOf(secret, Date.now(), body),
          'siaga-drill': String(notice.drill),
        },
        body,
        foreign: to !== deploymentAddress,
      },
      network,
      ended,
    );
    return httpOutcome(answer, [410]);
  });
}

function bodyOf(notice: Notice): string {
  return JSON.stringify({
    version: 1,
    key: notice.idempotencyKey,
    kind: notice.kind,
    priority: notice.priority,
    drill: notice.drill,
    deployment: notice.deployment,
    subject: marked(notice, cleanLine(notice.subject, 200)),
    text: cleanText(notice.text, 20_000),
    link: notice.link,
    at: new Date(notice.atMs).toISOString(),
    data: notice.data,
  });
}
