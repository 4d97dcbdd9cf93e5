import type { MachineHealth } from '@siaga/protocol';
import type { MachineConfig } from './config.ts';
import { numberOf, textOf } from './files.ts';

/** The link's quality: the modem's where a file says it, else the best Wi-Fi interface's; null for a cable. */
export async function signalOf(
  root: string,
  modemSignal: MachineConfig['modemSignal'],
): Promise<MachineHealth['signal']> {
  const modemDbm = modemSignal === undefined ? null : await numberOf(modemSignal);
  if (isDbm(modemDbm)) return { kind: 'cellular', dbm: Math.round(modemDbm) };
  const levels = levelsIn((await textOf(root, 'proc/net/wireless')) ?? '');
  return levels.length === 0 ? null : { kind: 'wifi', dbm: Math.max(...levels) };
}

/** Two lines of heads, then `wlan0: 0000   54.  -56.  -256 …`: status, link, level in dBm (proc(5), iw). */
function levelsIn(text: string): number[] {
  return text
    .split('\n')
    .slice(2)
    .map((line) => Math.round(Number.parseFloat(line.trim().split(/\s+/)[3] ?? '')))
    .filter(isDbm);
}

/** −256 is what a driver says that does not know. */
function isDbm(value: number | null): value is number {
  return value !== null && value <= 0 && value >= -200;
}
