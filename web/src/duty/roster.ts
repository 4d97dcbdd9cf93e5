import type { DutyShift } from '@siaga/protocol';
import type { Roster } from './duty-api.ts';
import type { Turn } from './week.ts';
import { instantOf, wallOf } from './zone-time.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** The duties that every console knows first; then what else is in the roster, or is missed in it. */
export function rosterDuties(roster: Roster | undefined): string[] {
  const named = [...(roster?.shifts ?? []), ...(roster?.gaps ?? [])].map(({ duty }) => duty);
  return [...new Set(['operator', 'supervisor', ...named.sort()])];
}

/** The gaps that the server found: it knows of whom nobody can be told. */
export function knownGaps(roster: Roster): Turn[] {
  return roster.gaps.map(({ duty, from, to }) => ({
    duty,
    person: null,
    fromMs: Date.parse(from),
    toMs: Date.parse(to),
  }));
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
