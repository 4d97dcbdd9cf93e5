import { join } from 'node:path';
import { namesIn, numberOf, textOf } from './files.ts';

/** What the kernel calls the processor's own zone: on a Raspberry Pi, on other ARM boards, on a PC. */
const processors = ['cpu-thermal', 'cpu_thermal', 'soc-thermal', 'x86_pkg_temp'];

/** Tenths of a degree Celsius (Documentation/driver-api/thermal/sysfs-api: `temp` in thousandths); the processor's zone, else the first. */
export async function cpuDeciC(root: string): Promise<number | null> {
  const folder = join(root, 'sys/class/thermal');
  const zones = (await namesIn(folder)).filter((name) => name.startsWith('thermal_zone'));
  const types = await Promise.all(zones.map((zone) => textOf(folder, zone, 'type')));
  const zone = zones.find((_, i) => processors.includes(types[i] ?? '')) ?? zones[0];
  const milliC = zone === undefined ? null : await numberOf(folder, zone, 'temp');
  return milliC === null || Math.abs(milliC) > 200_000 ? null : Math.max(-1_000, Math.round(milliC / 100));
}
