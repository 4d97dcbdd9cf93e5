/**
 * The deployment's local time. "Local ms" is a wall clock's reading counted as if it were UTC: days and weeks of it are
 * always equally long, also where the zone changes its clocks.
 */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(timeZone, format);
  }
  return format;
}

const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;
export const weekMs = 7 * dayMs;

/** What the wall clock reads at an instant, as local ms. */
export function localMsOf(timeZone: string, atMs: number): number {
  const part: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of formatOf(timeZone).formatToParts(atMs)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) + (((atMs % 1000) + 1000) % 1000);
}

/**
 * When the wall clock reads `localMs`. Of two such instants (clocks set back) the first; where there is none (clocks set
 * forward) as much later as the clocks are set.
 */
export function instantOf(timeZone: string, localMs: number): number {
  const offsetAt = (atMs: number) => localMsOf(timeZone, atMs) - atMs;
  // The offsets on both sides of any change within a day of it: the earlier one gives the earlier instant.
  const before = localMs - offsetAt(localMs - dayMs);
  const after = localMs - offsetAt(localMs + dayMs);
  const [first, second] = before <= after ? [before, after] : [after, before];
  if (localMsOf(timeZone, first) === localMs) return first;
  if (localMsOf(timeZone, second) === localMs) return second;
  return before;
}

/** Minutes since local midnight, 0–1439. */
export function minuteOfDay(timeZone: string, atMs: number): number {
  return Math.floor((((localMsOf(timeZone, atMs) % dayMs) + dayMs) % dayMs) / minuteMs);
}

/** `2014-01-29`: names the local day. */
export function localDay(timeZone: string, atMs: number): string {
  return new Date(localMsOf(timeZone, atMs)).toISOString().slice(0, 10);
}

/** `02:10`, local. */
export function localTime(timeZone: string, atMs: number): string {
  return new Date(localMsOf(timeZone, atMs)).toISOString().slice(11, 16);
}

const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;

/** `Tue 02:10`, local. */
export function weekdayTime(timeZone: string, atMs: number): string {
  return `${weekdays[new Date(localMsOf(timeZone, atMs)).getUTCDay()]} ${localTime(timeZone, atMs)}`;
}

/** The zone's usual letters at that time: `WIB`, `CEST`; `GMT+4` where it has none. */
export function zoneLetters(timeZone: string, atMs: number): string {
  const names = ['en', 'id', 'en-GB'].map(
    (language) =>
      new Intl.DateTimeFormat(language, { timeZone, timeZoneName: 'short' })
        .formatToParts(atMs)
        .find(({ type }) => type === 'timeZoneName')?.value ?? timeZone,
  );
  return names.find((name) => /^[A-Z]{3,5}$/.test(name)) ?? names[0] ?? timeZone;
}
