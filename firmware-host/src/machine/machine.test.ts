import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestMachine, type TestMachine } from '../testing/machine.ts';
import { batteryMv } from './battery.ts';
import { cpuDeciC } from './cpu-temperature.ts';
import { readMachine } from './machine.ts';
import { signalOf } from './signal.ts';
import { throttledBits } from './throttled.ts';

const machines: TestMachine[] = [];
afterEach(() => {
  for (const machine of machines.splice(0)) machine.remove();
});

function machineWith(files: Readonly<Record<string, string>>): string {
  const machine = createTestMachine(0);
  machines.push(machine);
  for (const [path, text] of Object.entries(files)) machine.write(path, text);
  return machine.root;
}

const thermal = 'sys/class/thermal';
const nobody = async () => null;

/** As a Raspberry Pi 4 gives it on a weak link. */
const wireless = `Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
 wlan0: 0000   41.  -69.  -256        0      0      0      0      0        0
`;

describe('the processor', () => {
  it("tells its own zone's temperature, wherever it stands in the list", async () => {
    const root = machineWith({
      [`${thermal}/thermal_zone0/type`]: 'acpitz\n',
      [`${thermal}/thermal_zone0/temp`]: '27800\n',
      [`${thermal}/thermal_zone1/type`]: 'cpu-thermal\n',
      [`${thermal}/thermal_zone1/temp`]: '61830\n',
    });
    expect(await cpuDeciC(root)).toBe(618);
  });
  it('else that of the first zone, also below zero; nothing where there is none or nonsense', async () => {
    const zone = (temp: string) =>
      machineWith({ [`${thermal}/thermal_zone0/type`]: 'acpitz\n', [`${thermal}/thermal_zone0/temp`]: temp });
    expect(await cpuDeciC(zone('-4200\n'))).toBe(-42);
    expect(await cpuDeciC(zone('-274000000\n'))).toBeNull();
    expect(await cpuDeciC(zone('none\n'))).toBeNull();
    expect(await cpuDeciC(machineWith({}))).toBeNull();
  });
  it('tells its throttled bits by file or program', async () => {
    const file = machineWith({ 'sys/devices/platform/soc/soc:firmware/get_throttled': '50005\n' });
    expect(await throttledBits(file, nobody)).toBe(0x50005);
    const none = machineWith({});
    expect(await throttledBits(none, async () => 'throttled=0x80008')).toBe(0x80008);
    expect(await throttledBits(none, async () => 'throttled=0x0')).toBe(0);
    expect(await throttledBits(none, async () => 'VCHI initialization failed')).toBeNull();
    expect(await throttledBits(none, nobody)).toBeNull();
  });
});

describe('the battery', () => {
  it('is read where the settings say, with its divider, or where the kernel knows one', async () => {
    const root = machineWith({
      'adc/in0': '1873\n',
      'sys/class/power_supply/AC/type': 'Mains\n',
      'sys/class/power_supply/BAT0/type': 'Battery\n',
      'sys/class/power_supply/BAT0/voltage_now': '12634000\n',
    });
    expect(await batteryMv(root, { path: join(root, 'adc/in0'), mvPerUnit: 6.6 })).toBe(12_362);
    expect(await batteryMv(root, { path: join(root, 'adc/in9'), mvPerUnit: 6.6 })).toBeNull();
    expect(await batteryMv(root, undefined)).toBe(12_634);
    expect(await batteryMv(machineWith({}), undefined)).toBeNull();
  });
});

describe('the link', () => {
  it("tells the modem's signal before the Wi-Fi's, and nothing that a driver does not know", async () => {
    const root = machineWith({ 'proc/net/wireless': wireless, 'run/modem': '-97\n' });
    expect(await signalOf(root, undefined)).toEqual({ kind: 'wifi', dbm: -69 });
    expect(await signalOf(root, join(root, 'run/modem'))).toEqual({ kind: 'cellular', dbm: -97 });
    expect(await signalOf(root, join(root, 'run/none'))).toEqual({ kind: 'wifi', dbm: -69 });
    const unknown = machineWith({ 'proc/net/wireless': wireless.replace('-69.', '-256.') });
    expect(await signalOf(unknown, undefined)).toBeNull();
    expect(await signalOf(machineWith({}), undefined)).toBeNull();
  });
});

it('a machine of which little can be read tells that little', async () => {
  const folder = join(tmpdir(), 'siaga-no-such-folder');
  rmSync(folder, { recursive: true, force: true });
  const { machine, ...rest } = await readMachine(machineWith({}), folder, {});
  expect(rest).toEqual({ batteryMv: null, diskFreeBytes: null });
  expect(machine).toMatchObject({ cpuDeciC: null, diskTotalBytes: null, signal: null });
  expect(machine.rssBytes).toBeGreaterThan(10_000_000);
  const here = await readMachine('/', tmpdir(), {});
  expect(here.diskFreeBytes).toBeGreaterThan(0);
  expect(here.machine.diskTotalBytes).toBeGreaterThanOrEqual(here.diskFreeBytes ?? 0);
});
