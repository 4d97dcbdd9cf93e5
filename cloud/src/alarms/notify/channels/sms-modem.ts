/**
 * SMS by a GSM modem at a serial port of this machine: goes on when the internet does not. Neither the modem nor the
 * network can tell a repeated message from a new one.
 */
import { createHash } from 'node:crypto';
import type { Notifier, NotifierKind, SendOutcome } from '../notifier.ts';
import { fault, readSettings } from '../settings.ts';
import { type ModemSettings, openModem } from '../sms/modem.ts';
import { submitPdus } from '../sms/pdu.ts';
import { isPhone, smsText } from '../sms/segments.ts';
import { tracked } from '../tracked.ts';

const defaultTimeoutS = 120;
const maxAnswerMs = 5_000;

export const smsModem: NotifierKind = {
  name: 'sms-modem',
  variables: ['SIAGA_SMS_MODEM', 'SIAGA_SMS_MODEM_BAUD', 'SIAGA_SMS_MODEM_PIN', 'SIAGA_SMS_MODEM_TIMEOUT_S'],
  contact: 'phone',
  open(env) {
    const settings = readSettings(env);
    const path = settings.required('SIAGA_SMS_MODEM');
    const baudRate = settings.parsed(
      'SIAGA_SMS_MODEM_BAUD',
      115_200,
      (value) =>
        [9_600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600].find((rate) => String(rate) === value) ??
        fault('must be a usual speed, such as 115200'),
    );
    const pin = settings.parsed<string | null>('SIAGA_SMS_MODEM_PIN', null, (value) =>
      /^\d{4,8}$/.test(value) ? value : fault('must be 4 to 8 digits'),
    );
    const timeoutMs = settings.parsed('SIAGA_SMS_MODEM_TIMEOUT_S', defaultTimeoutS * 1000, (value) =>
      Number(value) > 0 && Number(value) <= 600
        ? Math.round(Number(value) * 1000)
        : fault('must be seconds above 0 and up to 600'),
    );
    return settings.opened(() =>
      openSmsModem({ path, baudRate, pin, answerMs: Math.min(maxAnswerMs, timeoutMs / 2) }, timeoutMs),
    );
  },
};

function openSmsModem(settings: ModemSettings, timeoutMs: number): Notifier {
  const modem = openModem(settings);
  return tracked(
    smsModem.name,
    async (notice, to, ended): Promise<SendOutcome> => {
      if (!isPhone(to)) return { state: 'refused', fault: 'not a phone number', gone: false };
      const deadlineMs = performance.now() + timeoutMs;
      const reference = createHash('sha256').update(notice.idempotencyKey).digest()[0] ?? 0;
      const end = (): void => void modem.close();
      ended.addEventListener('abort', end, { once: true });
      const outcome = await modem.send(submitPdus(to, smsText(notice), reference), deadlineMs);
      ended.removeEventListener('abort', end);
      return outcome;
    },
    modem.close,
  );
}
