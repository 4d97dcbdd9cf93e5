/** The agent's data folder, and what a machine tells of itself at the start. */
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { agentError, isAgentError, messageOf } from '../errors.ts';
import { type FileOutboxOptions, openFileOutbox } from '../outbox/file.ts';
import type { Outbox } from '../outbox/outbox.ts';

/** Rejects with `data-folder-unusable`, `outbox-locked` or `outbox-unreadable`. */
export async function openOutbox(data: string, log: Logger, storage: Partial<FileOutboxOptions> = {}): Promise<Outbox> {
  return openFileOutbox({
    ...storage,
    folder: join(data, 'outbox'),
    warn: (details, message) => log.warn({ ...details }, `outbox: ${message}`),
  }).catch((error) => {
    throw isAgentError(error) ? error : unusable(data, error);
  });
}

export function unusable(path: string, error: unknown) {
  return agentError('data-folder-unusable', `data: cannot use ${path}: ${messageOf(error)}`, error);
}

/** Free and total bytes of the disk under `folder`; null where it cannot be told. */
export async function diskUnder(folder: string): Promise<{ freeBytes: number; totalBytes: number } | null> {
  try {
    const { bavail, bsize, blocks } = await statfs(folder);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch {
    return null;
  }
}
