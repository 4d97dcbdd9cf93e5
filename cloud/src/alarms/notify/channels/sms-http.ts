/**
 * SMS by any gateway that takes one HTTP request a message, described by a template: `{to}`, `{text}`, `{key}` and
 * `{segments}` are filled in, escaped as JSON, form or URL demand it.
 */
import { createHash } from 'node:crypto';
import { exchange, type HttpAnswer } from '../exchange.ts';
import { httpOutcome } from '../http-outcome.ts';
import type { Notifier, NotifierKind, SendOutcome } from '../notifier.ts';
import { isLoopbackHost } from '../reachable.ts';
import { type Fault, fault, type NetworkSettings, readSettings } from '../settings.ts';
import { isPhone, segmentsOf, smsText } from '../sms/segments.ts';
import { cleanLine } from '../text.ts';
import { tracked } from '../tracked.ts';

const bodyTypes = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
} as const;
type BodyType = keyof typeof bodyTypes;
type Values = Readonly<Record<string, string>>;

type Gateway = {
  readonly url: string;
  readonly method: string;
  readonly body: string;
  readonly bodyType: BodyType;
  readonly headers: Readonly<Record<string, string>>;
  readonly success: Check | null;
  readonly reference: string | null;
  readonly gone: Check | null;
};
/** A value in the answer's JSON: `messages.0.status=ok`. */
type Check = { readonly path: string; readonly value: string };

export const smsHttp: NotifierKind = {
  name: 'sms-http',
  variables: [
    'SIAGA_SMS_URL',
    'SIAGA_SMS_METHOD',
    'SIAGA_SMS_BODY',
    'SIAGA_SMS_BODY_TYPE',
    'SIAGA_SMS_HEADERS',
    'SIAGA_SMS_SUCCESS',
    'SIAGA_SMS_REFERENCE',
    'SIAGA_SMS_GONE',
  ],
  contact: 'phone',
  open(env) {
    const settings = readSettings(env);
    settings.required('SIAGA_SMS_URL');
    const url = settings.parsed('SIAGA_SMS_URL', '', readTemplateUrl);
    const method = settings.parsed('SIAGA_SMS_METHOD', 'POST', (value) =>
      ['GET', 'POST', 'PUT'].includes(value) ? value : fault('must be GET, POST or PUT'),
    );
    const bodyType = settings.parsed<BodyType>('SIAGA_SMS_BODY_TYPE', 'json', (value) =>
      value === 'json' || value === 'form' ? value : fault('must be json or form'),
    );
    const body = settings.parsed('SIAGA_SMS_BODY', '', (value) =>
      bodyType === 'json' && !isJson(value) ? fault('is no JSON; put "{to}" and "{text}" in quotes') : value,
    );
    for (const place of ['{to}', '{text}'])
      if (url !== '' && !url.includes(place) && !body.includes(place))
        settings.fault('SIAGA_SMS_BODY', `neither it nor SIAGA_SMS_URL holds ${place}`);
    const gateway: Gateway = {
      url,
      method,
      body,
      bodyType,
      headers: settings.parsed<Record<string, string>>('SIAGA_SMS_HEADERS', {}, readHeaders),
      success: settings.parsed<Check | null>('SIAGA_SMS_SUCCESS', null, readCheck),
      reference: settings.text('SIAGA_SMS_REFERENCE') ?? null,
      gone: settings.parsed<Check | null>('SIAGA_SMS_GONE', null, readCheck),
    };
    const network = settings.network();
    return settings.opened(() => openSmsHttp(gateway, network));
  },
};

function readTemplateUrl(value: string): string | Fault {
  const filled = filledWith(value, { to: '0', text: '0', key: '0', segments: '1' }, encodeURIComponent);
  const url = URL.canParse(filled) ? new URL(filled) : null;
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackHost(url.hostname));
  return safe ? value : fault('must be an https:// URL (http:// only to this machine)');
}

/** `Name: value`, several parted by a line end or `\n` written out. */
function readHeaders(value: string): Record<string, string> | Fault {
  const headers: Record<string, string> = {};
  for (const line of value.split(/\n|\\n/).filter((each) => each.trim() !== '')) {
    const [, name, content] = /^\s*([A-Za-z0-9-]+):\s*([\x20-\x7e]+?)\s*$/.exec(line) ?? [];
    if (name === undefined || content === undefined) return fault('must be lines of "Name: value"');
    headers[name.toLowerCase()] = content;
  }
  return headers;
}

function readCheck(value: string): Check | Fault {
  const [, path, expected] = /^([^=\s]+)=(.*)$/.exec(value) ?? [];
  return path === undefined || expected === undefined
    ? fault('must be PATH=VALUE, such as messages.0.status=ok')
    : { path, value: expected };
}

function isJson(value: string): boolean {
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}

function filledWith(template: string, values: Values, escaped: (value: string) => string): string {
  return template.replace(/\{(to|text|key|segments)\}/g, (_whole, name: string) => escaped(values[name] ?? ''));
}

const escapes: Readonly<Record<BodyType, (value: string) => string>> = {
  json: (value) => JSON.stringify(value).slice(1, -1),
  form: encodeURIComponent,
};

function openSmsHttp(gateway: Gateway, network: NetworkSettings): Notifier {
  return tracked(smsHttp.name, async (notice, to, ended): Promise<SendOutcome> => {
    if (!isPhone(to)) return { state: 'refused', fault: 'not a phone number', gone: false };
    const text = smsText(notice);
    const key = createHash('sha256').update(notice.idempotencyKey).digest('hex').slice(0, 32);
    const values: Values = { to, text, key, segments: String(segmentsOf(text).length) };
    const answer = await exchange(
      {
        url: new URL(filledWith(gateway.url, values, encodeURIComponent)),
        method: gateway.method,
        headers: {
          ...(gateway.body !== '' && { 'content-type': bodyTypes[gateway.bodyType] }),
          'idempotency-key': key,
          ...gateway.headers,
        },
        body: filledWith(gateway.body, values, escapes[gateway.bodyType]),
        foreign: false,
      },
      network,
      ended,
    );
    return outcomeOf(gateway, answer);
  });
}

/** A number that the gateway calls wrong is gone; its other refusals are about our account or settings, which get mended. */
function outcomeOf(gateway: Gateway, answer: HttpAnswer): SendOutcome {
  if (answer.kind === 'failed') return httpOutcome(answer, []);
  const said = readJson(answer.body);
  if (gateway.gone !== null && valueAt(said, gateway.gone.path) === gateway.gone.value)
    return { state: 'refused', fault: 'the gateway refuses the number', gone: true };
  const reference = gateway.reference === null ? '' : cleanLine(valueAt(said, gateway.reference) ?? '', 100);
  const outcome = httpOutcome(answer, [], reference || null);
  if (
    outcome.state === 'sent' &&
    gateway.success !== null &&
    valueAt(said, gateway.success.path) !== gateway.success.value
  )
    return { state: 'retry', fault: 'the gateway answers without success', afterS: null, maybeSent: false };
  if (outcome.state === 'refused' && [401, 402, 403].includes(answer.status))
    return { state: 'retry', fault: `${outcome.fault}: key or credit`, afterS: null, maybeSent: false };
  return outcome;
}

function readJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

/** Of scalars only, as text. */
function valueAt(value: unknown, path: string): string | undefined {
  let at = value;
  for (const name of path.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return typeof at === 'string' || typeof at === 'number' || typeof at === 'boolean' ? String(at) : undefined;
}
