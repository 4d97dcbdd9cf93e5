import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Check, type Finding, fail, pass, warn } from './check.ts';

const warmC = 75;
const hotC = 84;

/** Temperature and power, as far as the machine tells. */
export const heat: Check = {
  name: 'power, heat',
  needs: 'nothing',
  async run({ root }) {
    const milliC = await numberIn(join(root, 'sys/class/thermal/thermal_zone0/temp'), 10);
    const throttled =
      (await numberIn(join(root, 'sys/devices/platform/soc/soc:firmware/get_throttled'), 16)) ??
      (root === '/' ? await askFirmware() : null);
    return [
      ...(milliC === null ? [] : [judgeHeat(milliC / 1_000)]),
      ...(throttled === null ? [] : judgeThrottled(throttled)),
    ];
  },
};

/** Pure. */
export function judgeHeat(celsius: number): Finding {
  const says = `processor at ${Math.round(celsius)} °C`;
  if (celsius >= hotC) return fail(says, 'too hot: shade the housing, let air in, clean the heat sink');
  return celsius >= warmC ? warn(says, 'warm: shade the housing, let air in') : pass(says);
}

/** Bits as a Raspberry Pi gives them (`vcgencmd get_throttled`): 0 and 16 under-voltage, 1–3 and 17–19 slowed down. Pure. */
export function judgeThrottled(bits: number): Finding[] {
  const has = (...numbers: number[]) => numbers.some((bit) => (bits & (1 << bit)) !== 0);
  const power = 'a stronger power supply, a shorter or thicker cable, a full battery';
  const found: Finding[] = [];
  if (has(0)) found.push(fail('under-voltage now', power));
  else if (has(16)) found.push(warn('under-voltage since boot', power));
  if (has(1, 2, 3)) found.push(warn('slowed down now, by heat or power', 'cool it; see to its power'));
  else if (has(17, 18, 19)) found.push(warn('slowed down since boot, by heat or power', 'cool it; see to its power'));
  return found.length > 0 ? found : [pass('no under-voltage since boot')];
}

async function numberIn(path: string, base: number): Promise<number | null> {
  const value = Number.parseInt((await readFile(path, 'utf8').catch(() => '')).trim(), base);
  return Number.isNaN(value) ? null : value;
}

function askFirmware(): Promise<number | null> {
  return new Promise((resolve) => {
    execFile('vcgencmd', ['get_throttled'], { timeout: 5_000 }, (error, stdout) => {
      const value = Number.parseInt(stdout.trim().replace(/^throttled=/, ''), 16);
      resolve(error || Number.isNaN(value) ? null : value);
    });
  });
}
