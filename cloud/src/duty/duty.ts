/** The duty roster as one record: replaced as a whole, so that nobody ever sees half of a plan. */
import type { DutyShift } from '@siaga/protocol';
import { isPlatformError } from '../errors.ts';
import { recordKind, type StateStore } from '../ports.ts';
import { weekMs } from './local-time.ts';
import { type DutyGap, gapsIn, type OnDuty, onDuty } from './shifts.ts';

export type Roster = { readonly version: number; readonly shifts: readonly DutyShift[] };

/** Why a roster was not taken. `field` names the part at fault. */
export type RosterRefused = {
  readonly ok: false;
  readonly code: 'invalid' | 'stale-version';
  readonly reason: string;
  readonly field?: string;
};

export type DutyRoom = {
  /** Loads the roster. Once, before anything else. */
  start(): Promise<void>;
  roster(): Roster;
  /** By the present roster. */
  onDuty(atMs: number): readonly OnDuty[];
  /** When nobody who can be told is on one of the duties of the escalation chain, in the seven days after `fromMs`. */
  gaps(fromMs: number): readonly DutyGap[];
  /** Replaces all shifts; refused when the roster is another one than the person saw. */
  replace(by: string, seen: Roster): Promise<{ readonly ok: true; readonly roster: Roster } | RosterRefused>;
};

const kind = recordKind<{ readonly shifts: readonly DutyShift[] }>('duty');
const id = 'roster';

export type DutyOptions = {
  readonly state: Pick<StateStore, 'record' | 'commit'>;
  readonly clock: { now(): number };
  readonly timeZone: string;
  /** The duties of the escalation chain. */
  readonly duties: readonly string[];
  /** Whether there is such an active account. */
  readonly exists: (person: string) => boolean;
  /** Whether it has an address where it can be told. */
  readonly reachable: (person: string) => boolean;
  /** Brings what these know up to date: an account that was just made counts. */
  readonly refresh?: () => Promise<void>;
};

export function createDuty(options: DutyOptions): DutyRoom {
  const { state, clock, timeZone, duties, exists, reachable, refresh } = options;
  let present: Roster = { version: 0, shifts: [] };
  let known: { atMs: number; roster: Roster; now: readonly OnDuty[] } | undefined;

  async function load(): Promise<void> {
    const kept = await state.record(kind, id);
    if (kept !== undefined) present = { version: kept.version, shifts: kept.body.shifts };
  }

  return {
    start: load,
    roster: () => present,
    onDuty(atMs) {
      if (known?.atMs !== atMs || known.roster !== present)
        known = { atMs, roster: present, now: onDuty(present.shifts, timeZone, atMs) };
      return known.now;
    },
    gaps: (fromMs) => gapsIn(present.shifts, duties, timeZone, { fromMs, toMs: fromMs + weekMs }, reachable),
    async replace(by, { version, shifts }) {
      await refresh?.();
      const fault = faultOf(shifts, present, exists);
      if (fault !== undefined) return { ok: false, code: 'invalid', ...fault };
      const stale = {
        ok: false,
        code: 'stale-version',
        reason: 'The roster was changed meanwhile; look again.',
      } as const;
      if (version !== present.version) return stale;
      try {
        await state.commit({
          nowMs: clock.now(),
          puts: [{ kind, id, body: { shifts }, expect: version }],
          audit: [
            { actor: by, act: 'duty.replace', subject: id, before: { shifts: present.shifts }, after: { shifts } },
          ],
        });
      } catch (error) {
        if (!isPlatformError(error) || error.code !== 'state-conflict') throw error;
        await load();
        return stale;
      }
      present = { version: version + 1, shifts };
      return { ok: true, roster: present };
    },
  };
}

/** A shift that was there before may keep its person, whatever has become of the account. */
function faultOf(
  shifts: readonly DutyShift[],
  present: Roster,
  exists: (person: string) => boolean,
): { reason: string; field: string } | undefined {
  const ids = new Set<string>();
  const before = new Set(present.shifts.map(({ person }) => person));
  for (const [i, shift] of shifts.entries()) {
    const field = (name: string) => `shifts.${i}.${name}`;
    const lengthMs = Date.parse(shift.to) - Date.parse(shift.from);
    if (ids.has(shift.id)) return { field: field('id'), reason: `Two shifts are called ${shift.id}.` };
    ids.add(shift.id);
    if (lengthMs <= 0) return { field: field('to'), reason: 'A shift must end after it begins.' };
    if (shift.weekly && lengthMs > weekMs)
      return { field: field('to'), reason: 'A weekly shift lasts seven days at most.' };
    if (!before.has(shift.person) && !exists(shift.person))
      return { field: field('person'), reason: 'There is no such active account.' };
  }
  return undefined;
}
