import type { DutyShift } from '@siaga/protocol';
import type { Roster } from './duty-api.ts';
import { instantOf, wallOf } from './zone-time.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** The chain's duties first, in its order; then what else is in the roster. */
export function rosterDuties(roster: Roster | undefined): string[] {
  const chain = roster?.duties ?? ['operator', 'supervisor'];
  return [...new Set([...chain, ...(roster?.shifts.map(({ duty }) => duty) ?? [])])];
}

/** What a new shift begins as: twelve hours after the last of that duty, or from 07:00 today by the zone's clock. */
export function nextShift(
  shifts: readonly DutyShift[],
  { nowMs, timeZone, duty, id }: { nowMs: number; timeZone: string; duty: string; id: string },
): DutyShift {
  const ends = shifts.filter((shift) => shift.duty === duty).map(({ to }) => Date.parse(to));
  const morningMs = Math.floor(wallOf(timeZone, nowMs) / dayMs) * dayMs + 7 * hourMs;
  const fromMs = ends.length > 0 ? Math.max(...ends) : instantOf(timeZone, morningMs);
  return {
    id,
    person: '',
    duty,
    from: new Date(fromMs).toISOString(),
    to: new Date(fromMs + 12 * hourMs).toISOString(),
    weekly: false,
  };
}

/** Needs no secure context, unlike `crypto.randomUUID`: consoles also run on plain HTTP within a building. */
export function mintShiftId(): string {
  return [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
