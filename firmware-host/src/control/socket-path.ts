/** Where an agent listens: `control.sock` in its data folder. */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';

/** The kernel's bound on a socket's path (unix(7): 108 bytes with the closing zero). */
const longestBytes = 107;

export type SocketPath = { readonly path: string; release(): Promise<void> };

/** The path to bind or connect. One that is too long for the kernel goes through an open descriptor of its folder. */
export async function controlPath(data: string): Promise<SocketPath> {
  const path = join(data, 'control.sock');
  if (Buffer.byteLength(path) <= longestBytes) return { path, release: async () => undefined };
  const folder: FileHandle = await open(data, 'r');
  return { path: `/proc/self/fd/${folder.fd}/control.sock`, release: () => folder.close() };
}
