/**
 * A person at the device types sudo; what he makes must be the agent's own, which runs as another user. And root must
 * not write where that user can lay links.
 */
import { stat } from 'node:fs/promises';

/** Makes root, for the rest of this program, the user whom the folder belongs to; nothing for anybody else. */
export async function becomeOwnerOf(folder: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const owner = await stat(folder).catch(() => null);
  if (owner === null || owner.uid === 0) return;
  process.setgroups?.([owner.gid]);
  process.setgid?.(owner.gid);
  process.setuid?.(owner.uid);
}
