/** Texts of times in one deployment's zone. Formatters are costly to make: make one of these per zone. */
export type ZoneTimes = {
  /** 14:05 */
  minute(ms: number): string;
  /** 14:05:09 */
  second(ms: number): string;
  /** 21 Feb */
  day(ms: number): string;
  /** 21 Feb 14:05 */
  dayMinute(ms: number): string;
  /** Wed 21 Feb */
  weekday(ms: number): string;
  /** Wed 21 Feb 2017 */
  date(ms: number): string;
  /** WIB, or GMT+7 where the zone has no short name here */
  zoneName(ms: number): string;
};

const ownNames: Readonly<Record<string, string>> = {
  'Asia/Jakarta': 'WIB',
  'Asia/Pontianak': 'WIB',
  'Asia/Makassar': 'WITA',
  'Asia/Jayapura': 'WIT',
};

export function zoneTimes(timeZone: string): ZoneTimes {
  const format = (options: Intl.DateTimeFormatOptions) => {
    const formatter = new Intl.DateTimeFormat('en-GB', { timeZone, hourCycle: 'h23', ...options });
    return (ms: number) => formatter.format(ms);
  };
  const minute = format({ hour: '2-digit', minute: '2-digit' });
  const day = format({ day: 'numeric', month: 'short' });
  const date = format({ weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
  const weekday = format({ weekday: 'short', day: 'numeric', month: 'short' });
  const name = new Intl.DateTimeFormat('en-GB', { timeZone, timeZoneName: 'short' });
  return {
    minute,
    second: format({ hour: '2-digit', minute: '2-digit', second: '2-digit' }),
    day,
    dayMinute: (ms) => `${day(ms)} ${minute(ms)}`,
    weekday: (ms) => weekday(ms).replace(',', ''),
    date: (ms) => date(ms).replace(',', ''),
    zoneName: (ms) =>
      ownNames[timeZone] ?? name.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? timeZone,
  };
}

/** Whether a zone name is one that this browser knows. */
export function knownZone(timeZone: string): string {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone });
    return timeZone;
  } catch {
    return 'UTC';
  }
}

/** An age in its two largest units: 42 s, 3 min, 2 h 05 min, 3 d 4 h. */
export function ageText(ageMs: number): string {
  const seconds = Math.max(0, Math.floor(ageMs / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
