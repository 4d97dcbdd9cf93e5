import { notifierContract } from '../notifier.contract.ts';
import { startFakeSmsHttp } from '../testing/index.ts';

notifierContract(startFakeSmsHttp, { carries: 'short', link: false, recognisable: true });
