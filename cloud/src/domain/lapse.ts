/**
 * Spans by a clock that people and programs set. A time that lies ahead of now says that the clock was set back since:
 * by a little, the span only lasts as much longer; by more, nobody may wait for it to pass again.
 */

/** A step back that is taken as it comes. */
const clockSlackMs = 60_000;

/** Whether `spanMs` have gone by since; also where that cannot be told, for what keeps something silent. */
export function isOver(sinceMs: number, spanMs: number, nowMs: number): boolean {
  return nowMs - sinceMs >= spanMs || sinceMs - nowMs > clockSlackMs;
}
