import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ledgerPath } from './paths.ts';

/** What was done with certificates; never holds a key. */
export type LedgerLine = {
  readonly act: 'issue' | 'renew' | 'adopt' | 'revoke' | 'allow' | 'withdraw' | 'refuse';
  /** Who: `operator`, `platform`, a claim (`claim:depot`) or a station. */
  readonly by: string;
  /** Station, claim or server. */
  readonly name: string;
  readonly serial?: string;
  readonly detail?: string;
};

/**
 * Appends one line of JSON. Programs side by side may do so at once: a line is one write to a file opened for
 * appending. A line torn by a power cut stays alone: each begins with a line break if the one before has none.
 */
export async function appendLedger(dir: string, line: LedgerLine, nowMs: number): Promise<void> {
  const path = ledgerPath(dir);
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, 'a+', 0o600);
  try {
    const { size } = await file.stat();
    const last = Buffer.alloc(1);
    if (size > 0) await file.read(last, 0, 1, size - 1);
    const torn = size > 0 && last[0] !== 0x0a;
    await file.write(`${torn ? '\n' : ''}${JSON.stringify({ at: new Date(nowMs).toISOString(), ...line })}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}
