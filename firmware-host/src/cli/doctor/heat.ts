import { cpuDeciC } from '../../machine/cpu-temperature.ts';
import { throttledBits } from '../../machine/throttled.ts';
import { type Check, type Finding, fail, pass, warn } from './check.ts';

const warmC = 75;
const hotC = 84;

/** Temperature and power, as far as the machine tells. */
export const heat: Check = {
  name: 'power, heat',
  needs: 'nothing',
  async run({ root }) {
    const [deciC, throttled] = await Promise.all([cpuDeciC(root), throttledBits(root)]);
    return [
      ...(deciC === null ? [] : [judgeHeat(deciC / 10)]),
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
