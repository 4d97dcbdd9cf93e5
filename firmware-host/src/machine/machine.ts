/** The machine under the agent, as its health tells it. What cannot be read is null. */
import type { MachineHealth } from '@siaga/protocol';
import { diskUnder } from '../agent/folder.ts';
import { batteryMv } from './battery.ts';
import type { MachineConfig } from './config.ts';
import { cpuDeciC } from './cpu-temperature.ts';
import { signalOf } from './signal.ts';
import { throttledBits } from './throttled.ts';

export type Machine = {
  readonly machine: MachineHealth;
  readonly batteryMv: number | null;
  readonly diskFreeBytes: number | null;
};

/** `root` is the file system's; `data` the folder whose disk counts. */
export async function readMachine(root: string, data: string, config: MachineConfig): Promise<Machine> {
  const [cpu, throttled, battery, signal, disk] = await Promise.all([
    cpuDeciC(root),
    throttledBits(root),
    batteryMv(root, config.battery),
    signalOf(root, config.modemSignal),
    diskUnder(data),
  ]);
  return {
    machine: {
      cpuDeciC: cpu,
      throttled,
      diskTotalBytes: disk?.totalBytes ?? null,
      rssBytes: process.memoryUsage.rss(),
      signal,
    },
    batteryMv: battery,
    diskFreeBytes: disk?.freeBytes ?? null,
  };
}
