import { notifierContract } from '../notifier.contract.ts';
import { startFakeTelegram } from '../testing/index.ts';

// The Bot API has no field by which a message sent twice would be known.
notifierContract(startFakeTelegram, { carries: 'text', link: true, recognisable: false });
