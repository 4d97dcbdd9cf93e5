import type { CadenceConfig } from './config.ts';

export type Battery = 'good' | 'low' | 'empty';

/** A battery under load gives less than one at rest: a limit is left only this far above it. */
const deadBandMv = 150;

/** The battery's state after a measurement; unknown volts leave it as it was. Pure. */
export function batteryAfter(before: Battery, mv: number | null, limits: CadenceConfig['battery']): Battery {
  if (limits === undefined || mv === null) return limits === undefined ? 'good' : before;
  const isBelow = (limitMv: number, already: boolean) => mv < limitMv + (already ? deadBandMv : 0);
  if (isBelow(limits.emptyMv, before === 'empty')) return 'empty';
  return isBelow(limits.lowMv, before !== 'good') ? 'low' : 'good';
}
