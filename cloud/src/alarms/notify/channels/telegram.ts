/** A message by a Telegram bot (core.telegram.org/bots/api#sendmessage). A person must have started the bot once. */
import { exchange, type HttpAnswer } from '../exchange.ts';
import { httpOutcome } from '../http-outcome.ts';
import type { Notifier, NotifierKind, SendOutcome } from '../notifier.ts';
import { isLoopbackHost } from '../reachable.ts';
import { fault, type NetworkSettings, readSettings } from '../settings.ts';
import { wholeText } from '../text.ts';
import { tracked } from '../tracked.ts';

const botApi = new URL('https://api.telegram.org');
/** Of a message, in UTF-16 units after entities; we send none. */
const maxText = 4096;

export const telegram: NotifierKind = {
  name: 'telegram',
  variables: ['SIAGA_TELEGRAM_TOKEN', 'SIAGA_TELEGRAM_API'],
  contact: 'telegram',
  open(env) {
    const settings = readSettings(env);
    const token = settings.required('SIAGA_TELEGRAM_TOKEN');
    if (token !== '' && !/^\d{1,20}:[A-Za-z0-9_-]{10,100}$/.test(token))
      settings.fault('SIAGA_TELEGRAM_TOKEN', 'must look like 123456:ABC…, as the BotFather gives it');
    const api = settings.parsed('SIAGA_TELEGRAM_API', botApi, (value) => {
      const url = URL.canParse(value) ? new URL(value) : null;
      const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackHost(url.hostname));
      return url !== null && safe ? url : fault('must be an https:// URL (http:// only to this machine)');
    });
    const network = settings.network();
    return settings.opened(() => openTelegram(token, api, network));
  },
};

function openTelegram(token: string, api: URL, network: NetworkSettings): Notifier {
  const url = new URL(`${api.pathname.replace(/\/$/, '')}/bot${token}/sendMessage`, api);
  return tracked(telegram.name, async (notice, to, ended): Promise<SendOutcome> => {
    if (!/^-?\d{1,20}$/.test(to)) return { state: 'refused', fault: 'not a Telegram chat id', gone: false };
    // No parse_mode: text stays text.
    const body = JSON.stringify({
      chat_id: to,
      text: wholeText(notice, maxText),
      link_preview_options: { is_disabled: true },
      disable_notification: notice.priority === 'low',
    });
    const answer = await exchange(
      { url, method: 'POST', headers: { 'content-type': 'application/json' }, body, foreign: false },
      network,
      ended,
    );
    return outcomeOf(answer);
  });
}

type BotAnswer = {
  readonly result?: { readonly message_id?: number };
  readonly description?: string;
  readonly parameters?: { readonly retry_after?: number; readonly migrate_to_chat_id?: number };
};

function outcomeOf(answer: HttpAnswer): SendOutcome {
  if (answer.kind === 'failed') return httpOutcome(answer, []);
  const said = readAnswer(answer.body);
  const { status } = answer;
  if (status === 200) return { state: 'sent', reference: said.result?.message_id?.toString() ?? null };
  if (status === 429)
    return {
      state: 'retry',
      fault: 'Telegram asks to come back later (429)',
      afterS: said.parameters?.retry_after ?? answer.retryAfterS,
      maybeSent: false,
    };
  if (status === 401 || status === 404)
    return {
      state: 'retry',
      fault: `Telegram does not know the bot's token (${status})`,
      afterS: null,
      maybeSent: false,
    };
  if (status === 403) return { state: 'refused', fault: 'the bot is blocked, or was never started (403)', gone: true };
  const description = said.description ?? '';
  if (status === 400 && said.parameters?.migrate_to_chat_id !== undefined)
    return { state: 'refused', fault: 'the group has moved to another chat id (400)', gone: true };
  if (status === 400 && /chat not found|user not found|PEER_ID_INVALID/i.test(description))
    return { state: 'refused', fault: 'no such chat (400)', gone: true };
  return httpOutcome(answer, []);
}

function readAnswer(body: string): BotAnswer {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
