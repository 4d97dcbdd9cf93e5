import { join } from 'node:path';
import type { MachineConfig } from './config.ts';
import { namesIn, numberOf, textOf } from './files.ts';

/** Millivolts of the battery: of the configured file, else of the first one that the kernel knows (µV). */
export async function batteryMv(root: string, config: MachineConfig['battery']): Promise<number | null> {
  if (config) return millivolts(await numberOf(config.path), config.mvPerUnit);
  const folder = join(root, 'sys/class/power_supply');
  for (const name of await namesIn(folder))
    if ((await textOf(folder, name, 'type')) === 'Battery')
      return millivolts(await numberOf(folder, name, 'voltage_now'), 0.001);
  return null;
}

function millivolts(units: number | null, mvPerUnit: number): number | null {
  return units === null || units < 0 ? null : Math.round(units * mvPerUnit);
}
