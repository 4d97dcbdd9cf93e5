import { readFile, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Holder, holdersOf, namesOf, running } from '../../serial/holders.ts';
import { type Check, type Finding, fail, pass, type World, warn } from './check.ts';

/** Programs known for taking serial lines, and how they are kept away. */
const mends: Readonly<Record<string, string>> = {
  ModemManager: 'it tries every new serial line for a modem: sudo systemctl disable --now ModemManager',
  brltty: 'it takes USB adapters for braille displays: sudo apt remove brltty',
  agetty:
    'a sign-in console is on the line: sudo systemctl disable --now serial-getty@<port>; raspi-config: serial console off',
  getty:
    'a sign-in console is on the line: sudo systemctl disable --now serial-getty@<port>; raspi-config: serial console off',
  'siaga-agent': 'another agent measures there: sudo systemctl stop siaga-agent, or end the one run by hand',
  gpsd: 'it takes serial lines for GPS receivers: sudo systemctl disable --now gpsd.socket gpsd',
};

/** Who else is at the serial lines, or will be. */
export const rivals: Check = {
  name: 'port owner',
  needs: 'settings',
  async run(world, { gauges }) {
    const found = await Promise.all(gauges.map(({ port }) => judgeOwner(port, world)));
    return [...found.flat(), ...(await lurking(gauges.map(({ port }) => port)))];
  },
};

async function judgeOwner(path: string, { status, refusal, root }: World): Promise<Finding[]> {
  const device = await realpath(path).catch(() => null);
  if (device === null) return [];
  const { holders, hidden } = await holdersOf(path);
  // The one that does not say its number is the agent all the same.
  const isAgent = ({ pid, name }: Holder) => pid === status?.pid || (refusal !== null && name === 'siaga-agent');
  const foreign = holders.filter((holder) => !isAgent(holder));
  const isOurs = holders.length > foreign.length || (status !== null && hidden > 0);
  const consoles = await consoleOn(device, root);
  if (foreign.length > 0)
    return [
      fail(`${path} is ${isOurs ? 'also ' : ''}held by ${namesOf(foreign)}`, mendFor(foreign, basename(device))),
      ...consoles,
    ];
  if (consoles.length > 0) return consoles;
  if (hidden > 0 && !isOurs)
    return [pass(`${path}: nobody of this user's; ${hidden} processes are hidden from it (try sudo)`)];
  return [pass(`${path}: ${isOurs ? 'the agent alone' : 'nobody'}`)];
}

function mendFor(holders: readonly Holder[], port: string): string {
  const known = holders.find(({ name }) => name in mends);
  if (known) return (mends[known.name] as string).replace('<port>', port);
  return `stop it: sudo kill ${holders.map(({ pid }) => pid).join(' ')}`;
}

/** The kernel's own messages on the line. */
async function consoleOn(device: string, root: string): Promise<Finding[]> {
  const commandLine = await readFile(join(root, 'proc/cmdline'), 'utf8').catch(() => '');
  const names = [...commandLine.matchAll(/\bconsole=([^,\s]+)/g)].map(([, name]) => name);
  return names.includes(basename(device))
    ? [
        fail(
          `the kernel's console is on ${device}`,
          `take console=${basename(device)} out of /boot/firmware/cmdline.txt and restart; raspi-config does it`,
        ),
      ]
    : [];
}

/** Programs that will take the line one day. */
async function lurking(ports: readonly string[]): Promise<Finding[]> {
  const isUsb = ports.some((port) => /USB|ACM|serial\/by-/.test(port));
  if (!isUsb) return [];
  const found = await running(['ModemManager', 'brltty']);
  return found.map(({ name, pid }) => warn(`${name} runs (process ${pid})`, mends[name] as string));
}
