import type { Logger } from 'pino';
import { messageOf } from '../errors.ts';
import { readIfThere, writeDurably } from '../outbox/durable.ts';
import { type Boots, parseBoots } from './boots.ts';

export type BootsFile = {
  /** What it held when it was opened. */
  readonly boots: Boots;
  /** Resolves when these are on the disk, or the disk has refused: the time goes on without. */
  save(boots: Boots): Promise<void>;
};

/** A file that says nothing of use is begun anew: what was uncertain then stays so. */
export async function openBootsFile(path: string, log: Logger): Promise<BootsFile> {
  const text = await readIfThere(path).catch(() => null);
  const parsed = text === null ? null : parseBoots(jsonOf(text));
  if (parsed && !parsed.ok) log.warn({ path, reason: parsed.reason }, 'what was known of earlier boots is unreadable');
  let turn: Promise<void> = Promise.resolve();
  return {
    boots: parsed?.ok ? (parsed.value.boots as Boots) : [],
    save(boots) {
      turn = turn
        .then(() => writeDurably(path, `${JSON.stringify({ v: 1, boots })}\n`))
        .catch((error) => log.warn({ path, err: messageOf(error) }, 'times of boots not saved'));
      return turn;
    },
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
