import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesText } from '../terminal.ts';
import { type Check, type Finding, fail, pass, warn } from './check.ts';

/** Whether the machine has memory left. */
export const memory: Check = {
  name: 'memory',
  needs: 'nothing',
  async run({ root }) {
    const text = await readFile(join(root, 'proc/meminfo'), 'utf8').catch(() => '');
    const bytesOf = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1_024;
    const [total, available] = [bytesOf('MemTotal'), bytesOf('MemAvailable')];
    return Number.isNaN(total + available) ? [] : [judgeMemory(available, total)];
  },
};

/** Pure. */
export function judgeMemory(availableBytes: number, totalBytes: number): Finding {
  const says = `${bytesText(availableBytes)} available of ${bytesText(totalBytes)}`;
  const mend = 'see what takes it: ps aux --sort=-rss | head';
  if (availableBytes < 0.04 * totalBytes) return fail(says, mend);
  return availableBytes < 0.1 * totalBytes ? warn(says, mend) : pass(says);
}
