import type { Priority } from '@siaga/protocol';

/** Expiry is mandatory, so one is always chosen. */
export const defaultShelfMinutes = 15;
const topAtMostMinutes = 30;

/** For how long an alarm can be shelved, in minutes; none: not by this person. The server decides for itself. */
export function shelfMinutes(priority: Priority, mayShelveTop: boolean): readonly number[] {
  const all = [15, 30, 60, 120, 240, 480];
  if (priority !== 'high') return all;
  return mayShelveTop ? all.filter((minutes) => minutes <= topAtMostMinutes) : [];
}
