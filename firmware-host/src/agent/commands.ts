/** What the cloud asks of this agent. Each id is acted on once. */
import { type Command, decodeCommand } from '@siaga/protocol';
import type { Logger } from 'pino';

/** Acts on a command; a text is the reason why it was refused. */
export type Obey = (command: Command) => string | null;

const commandsRemembered = 64;

export function createCommands({ log, obey }: { log: Logger; obey: Obey }): { take(payload: Uint8Array): void } {
  const done: string[] = [];
  return {
    take(payload) {
      const command = decodeCommand(payload);
      if (!command.ok) {
        log.warn({ reason: command.reason }, 'command refused');
        return;
      }
      const { id, act } = command.value;
      if (done.includes(id)) return;
      done.push(id);
      done.splice(0, done.length - commandsRemembered);
      const refusal = obey(command.value);
      if (refusal === null) log.info({ id, act }, 'command taken');
      else log.warn({ id, act, reason: refusal }, 'command refused');
    },
  };
}
