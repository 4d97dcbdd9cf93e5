import { notifierContract } from '../notifier.contract.ts';
import { startFakeWebhook } from '../testing/index.ts';

notifierContract(startFakeWebhook, { carries: 'text', link: true, recognisable: true });
