/**
 * What the cloud asks of this agent. Each id is acted on once, over restarts too, and what became of it is told in
 * health.
 */
import { type Command, CommandOutcome, decodeCommand } from '@siaga/protocol';
import type { Logger } from 'pino';
import { Type } from 'typebox';
import { messageOf } from '../errors.ts';
import { openStateFile } from './state-file.ts';

/** Acts on a command; a text is the reason why it was refused, null means that it is done. */
export type Obey = (command: Command) => Promise<CommandOutcome | string | null>;

export type Commands = {
  take(payload: Uint8Array): void;
  /** What became of a command that was under way. */
  tell(outcome: CommandOutcome): void;
  /** The newest commands, oldest first, as health tells them. */
  outcomes(): CommandOutcome[];
};

const remembered = 64;
const told = 8;

export async function openCommands(options: {
  readonly path: string;
  readonly obey: Obey;
  readonly log: Logger;
  readonly onChange: () => void;
}): Promise<Commands> {
  const { path, obey, log, onChange } = options;
  const file = await openStateFile(path, Type.Array(CommandOutcome), log);
  let outcomes: readonly CommandOutcome[] = (file.held ?? []).map(interrupted);
  let turn: Promise<void> = Promise.resolve();

  /** On the disk before it is acted on: a command that makes the agent end must not make it end again. */
  const note = async (outcome: CommandOutcome): Promise<void> => {
    outcomes = [...outcomes.filter(({ id }) => id !== outcome.id), outcome].slice(-remembered);
    await file.save([...outcomes]);
    onChange();
  };
  const inTurn = (work: () => Promise<void>): void => {
    turn = turn.then(work).catch((error) => log.error({ err: messageOf(error) }, 'command not carried out'));
  };
  const carryOut = async (command: Command): Promise<void> => {
    const { id, act } = command;
    if (outcomes.some((outcome) => outcome.id === id)) return;
    await note({ id, act, outcome: 'under-way', reason: null });
    const result = await obey(command).catch((error) => messageOf(error));
    const outcome = typeof result === 'object' && result !== null ? result : outcomeOf(command, result);
    log[outcome.outcome === 'refused' ? 'warn' : 'info']({ ...outcome }, 'command');
    await note(outcome);
  };
  return {
    take(payload) {
      const command = decodeCommand(payload);
      if (!command.ok) return log.warn({ reason: command.reason }, 'command not understood');
      inTurn(() => carryOut(command.value));
    },
    tell(outcome) {
      log.info({ ...outcome }, 'command');
      inTurn(() => note(outcome));
    },
    outcomes: () => outcomes.slice(-told),
  };
}

/** Settings and updates go on over a restart by design, and tell their end themselves. */
function interrupted(outcome: CommandOutcome): CommandOutcome {
  if (outcome.outcome !== 'under-way' || ['settings', 'update'].includes(outcome.act)) return outcome;
  return { ...outcome, outcome: 'refused', reason: 'the agent was started anew before it was done' };
}

function outcomeOf({ id, act }: Command, refusal: string | null): CommandOutcome {
  return { id, act, outcome: refusal === null ? 'done' : 'refused', reason: refusal?.slice(0, 200) ?? null };
}
