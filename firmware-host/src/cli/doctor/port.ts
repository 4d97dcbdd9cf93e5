import { access, constants, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { systemCodeOf } from '../../errors.ts';
import { type Check, type Finding, fail, pass, type World, warn } from './check.ts';

/** The serial device of each gauge: there, a tty, open to us, and named so that it stays the same one. */
export const port: Check = {
  name: 'port',
  needs: 'settings',
  async run(world, { gauges }) {
    const found = await Promise.all(gauges.map(({ port: path }) => judgePort(path, world)));
    return found.flat();
  },
};

async function judgePort(path: string, { root }: World): Promise<Finding[]> {
  let device: string;
  try {
    device = await realpath(path);
    if (!(await stat(device)).isCharacterDevice())
      return [fail(`${path} is no serial device`, "correct 'port'; what is there: ls -l /dev/serial/by-id/")];
  } catch (error) {
    const others = (await links(root)).map(({ link }) => link);
    const seen = others.length === 0 ? ['no USB adapter is plugged in'] : ['plugged in:', ...others];
    if (systemCodeOf(error) !== 'ENOENT') throw error;
    return [fail(`${path} is not there`, "plug the adapter in, or correct 'port'; see dmesg for USB errors", seen)];
  }
  try {
    await access(device, constants.R_OK | constants.W_OK);
  } catch {
    return [
      fail(
        `${path} may not be opened by this user`,
        'sudo usermod -aG dialout $USER, and sign in anew; or run doctor with sudo',
      ),
    ];
  }
  const hints = [...(await byIdHint(path, device, root)), ...(await miniUartHint(path, device, root))];
  return hints.length > 0 ? hints : [pass(path === device ? path : `${path} (${device})`)];
}

async function links(root: string): Promise<{ link: string; device: string }[]> {
  const folder = join(root, 'dev/serial/by-id');
  const names = await readdir(folder).catch(() => []);
  return Promise.all(
    names.map(async (name) => ({
      link: join(folder, name),
      device: await realpath(join(folder, name)).catch(() => ''),
    })),
  );
}

/** Numbers of ttyUSB and ttyACM are given in the order of plugging in. */
async function byIdHint(path: string, device: string, root: string): Promise<Finding[]> {
  if (path.includes('/serial/by-')) return [];
  const stable = (await links(root)).find((link) => link.device === device);
  if (stable)
    return [warn(`${path}: its number may change with the next plugging in`, `in the settings: port: ${stable.link}`)];
  return /\/tty(USB|ACM)\d+$/.test(path)
    ? [warn(`${path}: its number may change with the next plugging in`, 'use a link of /dev/serial/by-id or by-path')]
    : [];
}

/** On a Raspberry Pi ttyS0 is the mini UART, whose speed follows the core clock (raspberrypi/linux issue 4453). */
async function miniUartHint(path: string, device: string, root: string): Promise<Finding[]> {
  const model = await readFile(join(root, 'proc/device-tree/model'), 'utf8').catch(() => '');
  if (basename(device) !== 'ttyS0' || !model.includes('Raspberry Pi')) return [];
  return [
    warn(
      `${path} is the mini UART: its speed drifts with the processor's clock`,
      'use ttyAMA0 (dtoverlay=disable-bt in config.txt), or a USB adapter',
    ),
  ];
}
