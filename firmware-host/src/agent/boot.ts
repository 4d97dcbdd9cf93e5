import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { readIfThere } from '../outbox/durable.ts';

/** The kernel's id of this boot; where there is none, one for this run. `root` is the file system's, `/` but in tests. */
export async function bootId(root = '/'): Promise<string> {
  const text = await readIfThere(join(root, 'proc/sys/kernel/random/boot_id')).catch(() => null);
  return text?.trim() || randomUUID();
}
