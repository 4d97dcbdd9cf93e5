/** Wall-clock times of one zone and instants, both ways, for inputs of type `datetime-local`: "2026-11-22T07:00". */

const formatters = new Map<string, Intl.DateTimeFormat>();

/** How far the zone's wall clock is ahead of UTC at an instant, ms. */
function offsetMs(timeZone: string, ms: number): number {
  const known = formatters.get(timeZone);
  const formatter =
    known ?? new Intl.DateTimeFormat('en-GB', { timeZone, hourCycle: 'h23', dateStyle: 'short', timeStyle: 'medium' });
  formatters.set(timeZone, formatter);
  const part: Record<string, number> = {};
  for (const { type, value } of formatter.formatToParts(ms)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1000) * 1000;
}

/** What the wall clock shows at an instant, as ms of an imaginary UTC: for arithmetic by days and weeks. */
export function wallOf(timeZone: string, ms: number): number {
  return ms + offsetMs(timeZone, ms);
}

/** The instant at which the wall clock shows that; where it shows it never or twice, one beside the change. */
export function instantOf(timeZone: string, wallMs: number): number {
  const guess = wallMs - offsetMs(timeZone, wallMs);
  return wallMs - offsetMs(timeZone, guess);
}

export function textOf(timeZone: string, ms: number): string {
  return new Date(wallOf(timeZone, ms)).toISOString().slice(0, 16);
}

/** Undefined while the input is empty or half filled. */
export function instantFrom(timeZone: string, text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text)) return undefined;
  const wallMs = Date.parse(`${text}:00Z`);
  return Number.isNaN(wallMs) ? undefined : instantOf(timeZone, wallMs);
}
