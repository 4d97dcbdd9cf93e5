import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { storageOptions } from '../../outbox/config.ts';
import { bytesText, span } from '../terminal.ts';
import { type Check, type Finding, fail, pass, type World, warn } from './check.ts';

const oldMs = 6 * 3_600_000;
const someMs = 30 * 60_000;

/** What waits for the platform, and the room held back for when the disk is full. */
export const backlog: Check = {
  name: 'outbox',
  needs: 'settings',
  async run(world, config) {
    const { ballastBytes } = storageOptions(config);
    return [...waiting(world), ...(await onDisk(join(config.data, 'outbox'), ballastBytes))];
  },
};

function waiting({ status }: World): Finding[] {
  if (status === null) return [];
  const { backlog: count, oldestWaitingAtMs, nowMs, uplink } = status;
  return [judgeBacklog(count, oldestWaitingAtMs === null ? 0 : nowMs - oldestWaitingAtMs, uplink !== null)];
}

/** Pure. */
export function judgeBacklog(count: number, ageMs: number, hasUplink: boolean): Finding {
  if (count === 0) return pass('no reading waits');
  const says = `${count} readings wait for the platform, the oldest for ${span(ageMs)}`;
  if (!hasUplink) return pass(`${count} readings kept; there is no uplink`);
  if (ageMs >= oldMs) return fail(says, 'nothing gets through: see the findings on network, broker and puback below');
  return ageMs >= someMs ? warn(says, 'it sends slowly or not: see network, broker and puback below') : pass(says);
}

async function onDisk(folder: string, ballastBytes: number): Promise<Finding[]> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const named = files.filter((file) => file.isFile());
  const bytes = await Promise.all(named.map((file) => sizeOf(join(file.parentPath, file.name))));
  const held = bytes.reduce((sum, size) => sum + size, 0);
  const unreadable = named.filter(({ name }) => name.endsWith('.unreadable')).length;
  const ballast = await sizeOf(join(folder, 'ballast'));
  if (named.length === 0) return [];
  return [
    pass(`${bytesText(held)} on the disk`),
    ...(unreadable === 0
      ? []
      : [
          fail(
            `${unreadable} segments cannot be read; their readings are lost`,
            'the card or disk is failing: see dmesg, and replace it',
          ),
        ]),
    ...(ballast >= ballastBytes
      ? []
      : [
          warn(
            `ballast holds ${bytesText(ballast)} of ${bytesText(ballastBytes)}`,
            'the disk is or was full: make room, the agent takes it back by itself',
          ),
        ]),
  ];
}

function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
