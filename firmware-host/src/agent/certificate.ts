import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** When the certificate in a file ends, ms UTC; null where none can be read. Read anew each time: it gets renewed. */
export async function certificateEndMs(path: string | undefined): Promise<number | null> {
  if (path === undefined) return null;
  try {
    const endMs = Date.parse(new X509Certificate(await readFile(path)).validTo);
    return Number.isFinite(endMs) ? endMs : null;
  } catch {
    return null;
  }
}
