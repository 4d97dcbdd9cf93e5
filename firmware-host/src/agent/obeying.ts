import type { CommandOutcome } from '@siaga/protocol';
import type { Pacing } from '../cadence/pacing.ts';
import type { Remote } from '../remote/remote.ts';
import type { Sender } from '../uplink/sender.ts';
import type { Obey } from './commands.ts';

/**
 * Who carries out which command. `stream`: the present one; `remote`: null where nothing can be changed from afar. A
 * command may come before that is known.
 */
export function obeying(parts: {
  readonly sender: () => Sender | null;
  readonly stream: () => string;
  readonly pacing: () => Pacing;
  readonly remote: Promise<Pick<Remote, 'settings' | 'update'> | null>;
}): Obey {
  return async (command): Promise<CommandOutcome | string | null> => {
    switch (command.act) {
      case 'resend':
        return parts.sender()?.resend(command) ? null : `another stream than ${parts.stream()}`;
      case 'cadence':
        return parts.pacing().order(command);
      case 'settings':
        return (await parts.remote)?.settings(command) ?? 'this agent was started without remote settings';
      case 'update':
        return (await parts.remote)?.update(command) ?? 'this agent was started without updates';
    }
  };
}
