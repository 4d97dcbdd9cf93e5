/** A small file of the agent's state: read once, written whole. What cannot be read is begun anew, and said. */
import { parserOf } from '@siaga/protocol';
import type { Logger } from 'pino';
import type { Static, TSchema } from 'typebox';
import { messageOf } from '../errors.ts';
import { readIfThere, writeDurably } from '../outbox/durable.ts';

export type StateFile<T> = {
  /** What it held when it was opened; null when there was nothing of use. */
  readonly held: T | null;
  /** Resolves when it is on the disk, or the disk has refused: then it lives in memory alone. */
  save(value: T): Promise<void>;
};

export async function openStateFile<const S extends TSchema>(
  path: string,
  schema: S,
  log: Logger,
): Promise<StateFile<Static<S>>> {
  const text = await readIfThere(path).catch(() => null);
  const parsed = text === null ? null : parserOf(schema)(jsonOf(text));
  if (parsed && !parsed.ok) log.warn({ path, reason: parsed.reason }, 'unreadable; begun anew');
  let turn: Promise<void> = Promise.resolve();
  return {
    held: parsed?.ok ? (parsed.value as Static<S>) : null,
    save(value) {
      turn = turn
        .then(() => writeDurably(path, `${JSON.stringify(value)}\n`))
        .catch((error) => log.warn({ path, err: messageOf(error) }, 'not saved'));
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
