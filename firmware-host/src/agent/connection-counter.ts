/**
 * Counts connections over the life of the data folder, so that a late last will is known as late. Where the
 * disk takes no more, the number lives in memory: only a connection can make room again.
 */
import type { Logger } from 'pino';
import { messageOf } from '../errors.ts';
import { readIfThere, writeDurably } from '../outbox/durable.ts';
import { unusable } from './folder.ts';

export type ConnectionCounter = {
  /** The next connection's number, durable where the disk allows. */
  next(): Promise<number>;
  /** Number of the present or last connection, 0 before the first. */
  last(): number;
};

/** `whenLost`: what to go on from when the file says nothing of use. Rejects with `data-folder-unusable`. */
export async function openConnectionCounter(path: string, whenLost: number, log: Logger): Promise<ConnectionCounter> {
  const text = await readIfThere(path).catch((error) => {
    throw unusable(path, error);
  });
  const count = Number(text ?? Number.NaN);
  let last = Number.isSafeInteger(count) && count > 0 ? count : whenLost;
  return {
    async next() {
      last++;
      await writeDurably(path, `${last}\n`).catch((error) =>
        log.warn({ connection: last, err: messageOf(error) }, 'number of the connection not saved'),
      );
      return last;
    },
    last: () => last,
  };
}
