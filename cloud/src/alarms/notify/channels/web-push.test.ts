import { notifierContract } from '../notifier.contract.ts';
import { startFakeWebPush } from '../testing/index.ts';

notifierContract(startFakeWebPush, { carries: 'text', link: true, recognisable: true });
