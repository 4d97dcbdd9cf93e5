/** Who is on duty when: pure, from the shifts alone. */
import type { DutyShift } from '@siaga/protocol';
import { instantOf, localMsOf, weekMs } from './local-time.ts';

/** One turn of a shift, [fromMs, toMs). */
export type Turn = {
  readonly person: string;
  readonly duty: string;
  readonly fromMs: number;
  readonly toMs: number;
};

/** Somebody on a duty now. */
export type OnDuty = { readonly duty: string; readonly person: string };

/**
 * The turns that touch [fromMs, toMs), by time. A weekly shift repeats from its first turn on, at the same local time:
 * its neighbours stay its neighbours when the clocks change, and the night in between is an hour longer or shorter.
 */
export function turnsIn(shifts: readonly DutyShift[], timeZone: string, fromMs: number, toMs: number): Turn[] {
  return shifts
    .flatMap((shift) => turnsOf(shift, timeZone, fromMs, toMs))
    .filter((turn) => turn.fromMs < toMs && turn.toMs > fromMs && turn.fromMs < turn.toMs)
    .sort((a, b) => a.fromMs - b.fromMs);
}

function turnsOf(
  { person, duty, from, to, weekly }: DutyShift,
  timeZone: string,
  fromMs: number,
  toMs: number,
): Turn[] {
  const first = { person, duty, fromMs: Date.parse(from), toMs: Date.parse(to) };
  if (!weekly) return [first];
  const localFromMs = localMsOf(timeZone, first.fromMs);
  const localToMs = localMsOf(timeZone, first.toMs);
  const turns: Turn[] = [];
  // A week to spare on both sides: local time and UTC are less than a day apart.
  const last = Math.floor((toMs - first.fromMs) / weekMs) + 1;
  for (let week = Math.max(0, Math.floor((fromMs - first.toMs) / weekMs) - 1); week <= last; week += 1)
    turns.push({
      person,
      duty,
      fromMs: instantOf(timeZone, localFromMs + week * weekMs),
      toMs: instantOf(timeZone, localToMs + week * weekMs),
    });
  return turns;
}

/** Everybody on duty at an instant, each duty and person once. */
export function onDuty(shifts: readonly DutyShift[], timeZone: string, atMs: number): OnDuty[] {
  const seen = new Map<string, OnDuty>();
  for (const { duty, person } of turnsIn(shifts, timeZone, atMs, atMs + 1))
    seen.set(`${duty}/${person}`, { duty, person });
  return [...seen.values()];
}

/** A span in which nobody is on a duty. */
export type DutyGap = { readonly duty: string; readonly fromMs: number; readonly toMs: number };

/** The gaps of each duty in [fromMs, toMs), by time; turns of people who are not `there` fill none. */
export function gapsIn(
  shifts: readonly DutyShift[],
  duties: readonly string[],
  timeZone: string,
  span: { readonly fromMs: number; readonly toMs: number },
  there: (person: string) => boolean = () => true,
): DutyGap[] {
  const turns = turnsIn(shifts, timeZone, span.fromMs, span.toMs).filter(({ person }) => there(person));
  const gaps: DutyGap[] = [];
  for (const duty of duties) {
    let coveredToMs = span.fromMs;
    for (const turn of turns) {
      if (turn.duty !== duty) continue;
      if (turn.fromMs > coveredToMs) gaps.push({ duty, fromMs: coveredToMs, toMs: turn.fromMs });
      coveredToMs = Math.max(coveredToMs, turn.toMs);
    }
    if (coveredToMs < span.toMs) gaps.push({ duty, fromMs: coveredToMs, toMs: span.toMs });
  }
  return gaps.sort((a, b) => a.fromMs - b.fromMs);
}
