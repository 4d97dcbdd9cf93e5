import type { DutyShift } from '@siaga/protocol';
import { instantOf, wallOf } from './zone-time.ts';

const dayMs = 86_400_000;
const weekMs = 7 * dayMs;

/** A span in which somebody has a duty; person null: nobody has it. */
export type Turn = {
  readonly duty: string;
  readonly person: string | null;
  readonly fromMs: number;
  readonly toMs: number;
};

/** The seven days, Monday first, of the week `weeks` after the one that holds `nowMs`, by the zone's wall clock. */
export function weekOf(timeZone: string, nowMs: number, weeks: number): { fromMs: number; toMs: number }[] {
  const wall = wallOf(timeZone, nowMs);
  const today = Math.floor(wall / dayMs);
  // 1970-01-01 was a Thursday.
  const monday = today - ((today + 3) % 7) + weeks * 7;
  return Array.from({ length: 7 }, (_, day) => ({
    fromMs: instantOf(timeZone, (monday + day) * dayMs),
    toMs: instantOf(timeZone, (monday + day + 1) * dayMs),
  }));
}

/** The turns of all shifts that touch [fromMs, toMs), by time. A weekly one repeats by local time from its first on. */
export function turnsIn(shifts: readonly DutyShift[], timeZone: string, fromMs: number, toMs: number): Turn[] {
  return shifts
    .flatMap((shift) => repetitions(shift, timeZone, toMs))
    .filter((turn) => turn.fromMs < toMs && turn.toMs > fromMs)
    .sort((a, b) => a.fromMs - b.fromMs || a.duty.localeCompare(b.duty));
}

function repetitions({ duty, person, from, to, weekly }: DutyShift, timeZone: string, untilMs: number): Turn[] {
  const fromMs = Date.parse(from);
  const toMs = Date.parse(to);
  if (!weekly) return [{ duty, person, fromMs, toMs }];
  const weeks = Math.max(0, Math.floor((untilMs - fromMs) / weekMs) + 1);
  // Weeks that are long past are of no use to anybody who looks at one.
  const first = Math.max(0, weeks - 4);
  const wall = [wallOf(timeZone, fromMs), wallOf(timeZone, toMs)] as const;
  return Array.from({ length: weeks + 1 - first }, (_, index) => ({
    duty,
    person,
    fromMs: instantOf(timeZone, wall[0] + (first + index) * weekMs),
    toMs: instantOf(timeZone, wall[1] + (first + index) * weekMs),
  }));
}

/** Where within [fromMs, toMs) nobody has a duty, as turns of nobody. */
export function gapsIn(turns: readonly Turn[], duties: readonly string[], fromMs: number, toMs: number): Turn[] {
  return duties.flatMap((duty) => {
    const gaps: Turn[] = [];
    let coveredMs = fromMs;
    for (const turn of turns) {
      if (turn.duty !== duty) continue;
      if (turn.fromMs > coveredMs)
        gaps.push({ duty, person: null, fromMs: coveredMs, toMs: Math.min(turn.fromMs, toMs) });
      coveredMs = Math.max(coveredMs, turn.toMs);
    }
    if (coveredMs < toMs) gaps.push({ duty, person: null, fromMs: coveredMs, toMs });
    return gaps;
  });
}

/** Spans of nobody as few as they can be: those that touch or overlap, of one duty, become one; clipped to the span. */
export function joined(gaps: readonly Turn[], fromMs: number, toMs: number): Turn[] {
  const open = new Map<string, Turn>();
  const whole: Turn[] = [];
  for (const gap of gaps.toSorted((a, b) => a.fromMs - b.fromMs)) {
    if (gap.fromMs >= toMs || gap.toMs <= fromMs) continue;
    const clipped = { ...gap, fromMs: Math.max(gap.fromMs, fromMs), toMs: Math.min(gap.toMs, toMs) };
    const before = open.get(gap.duty);
    if (before && clipped.fromMs <= before.toMs) {
      open.set(gap.duty, { ...before, toMs: Math.max(before.toMs, clipped.toMs) });
      continue;
    }
    if (before) whole.push(before);
    open.set(gap.duty, clipped);
  }
  return [...whole, ...open.values()];
}
