import { type Static, Type } from 'typebox';

/** QARTOD flags: 1 pass, 2 not evaluated, 3 suspect or of high interest, 4 fail, 9 missing. */
export const Flag = Type.Union([Type.Literal(1), Type.Literal(2), Type.Literal(3), Type.Literal(4), Type.Literal(9)], {
  description: 'QARTOD flag: 1 pass, 2 not evaluated, 3 suspect or of high interest, 4 fail, 9 missing',
});
export type Flag = Static<typeof Flag>;

/** QARTOD's tests for water level (manual v2.1), in its order; on the wire their number, 0 for none. */
export const qcTests = [
  'none',
  'gap',
  'syntax',
  'location',
  'gross-range',
  'climatology',
  'spike',
  'rate-of-change',
  'flat-line',
  'multivariate',
  'attenuated-signal',
  'neighbour',
] as const;
export type QcTest = (typeof qcTests)[number];

/** Flags 4 and 9 weigh nothing; 3 weighs less and never delays an alarm. */
export function weighs(flag: Flag): boolean {
  return flag !== 4 && flag !== 9;
}

/**
 * What the sensor heard: `seen` a target; `none`, nothing in range; `blanking`, a target nearer than it
 * can measure, so that the distance is an upper limit; `dead`, no sign of life.
 */
export const echoes = ['seen', 'none', 'blanking', 'dead'] as const;
export type Echo = (typeof echoes)[number];

/** How far the device's wall clock can be trusted when it stamped a reading. */
export const clockStates = ['synced', 'rtc', 'unsynced'] as const;
export type ClockState = (typeof clockStates)[number];
