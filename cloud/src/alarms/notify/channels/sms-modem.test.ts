import { notifierContract } from '../notifier.contract.ts';
import { startFakeSmsModem } from '../testing/index.ts';

// Opening and eight commands a message take their time even at a fake.
notifierContract(startFakeSmsModem, {
  carries: 'short',
  link: false,
  recognisable: false,
  limit: 'SIAGA_SMS_MODEM_TIMEOUT_S',
});
