import { notifierContract } from '../notifier.contract.ts';
import { startFakeEmail } from '../testing/index.ts';

notifierContract(startFakeEmail, { carries: 'text', link: true, recognisable: true });
