/** How alarms put figures into words: centimetres, and times in the deployment's zone. */

/**
 * A stage in whole cm, rounded down as the console does: bands are half-open, and 1509 mm must not read "151 cm" beside
 * the name of the band below 151.
 */
export function cm(stageMm: number): string {
  return `${signed(Math.floor(stageMm / 10))} cm`;
}

/** `rising 18 cm/10 min`, `falling 3.5 cm/10 min`, `steady`. */
export function paceText(trend: 'rising' | 'falling' | 'steady', rateMmPer10Min: number): string {
  if (trend === 'steady') return 'steady';
  return `${trend} ${rateText(Math.abs(rateMmPer10Min))}`;
}

/** A rate without its sign, one decimal below 10 cm. */
export function rateText(rateMmPer10Min: number): string {
  const rate = rateMmPer10Min / 10;
  return `${signed(Number(rate.toFixed(Math.abs(rate) < 10 ? 1 : 0)))} cm/10 min`;
}

function signed(value: number): string {
  return String(value).replace('-', '−');
}

const minuteMs = 60_000;
const hourMs = 3_600_000;

/** `12 min`, `3.5 h`, `4 days`. */
export function spanText(spanMs: number): string {
  if (spanMs < 90 * minuteMs) return `${Math.max(1, Math.round(spanMs / minuteMs))} min`;
  if (spanMs < 48 * hourMs) return `${Math.round(spanMs / hourMs / 0.5) * 0.5} h`;
  return `${Math.round(spanMs / hourMs / 24)} days`;
}

/** Times nearer than this are told without their date. */
const nearMs = 12 * hourMs;

/** Tells times of a zone, seen from `nowMs`: `02:10`, or `12 Jan 02:10`. */
export function timeTeller(timeZone: string): (atMs: number, nowMs: number) => string {
  const options = { timeZone, hourCycle: 'h23', hour: '2-digit', minute: '2-digit' } as const;
  const clock = new Intl.DateTimeFormat('en-GB', options);
  const day = new Intl.DateTimeFormat('en-GB', { timeZone, day: 'numeric', month: 'short' });
  return (atMs, nowMs) =>
    Math.abs(nowMs - atMs) < nearMs ? clock.format(atMs) : `${day.format(atMs)} ${clock.format(atMs)}`;
}
