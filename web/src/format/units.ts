/**
 * A stage in whole cm, rounded down, with a true minus sign. Down, because bands are half-open from whole
 * centimetres: 1509 mm must not read "151 cm" beside the name of the band below 151.
 */
export function cmText(stageMm: number): string {
  return signed(Math.floor(stageMm / 10));
}

/** A rate in cm per 10 min with its sign; one decimal below 10. */
export function rateText(rateMmPer10Min: number): string {
  const cm = rateMmPer10Min / 10;
  const digits = Math.abs(cm) < 10 && !Number.isInteger(cm) ? 1 : 0;
  const text = signed(Number(cm.toFixed(digits)), digits);
  return cm > 0 ? `+${text}` : text;
}

function signed(value: number, digits = 0): string {
  return value
    .toFixed(digits)
    .replace(/^-0(\.0*)?$/, '0')
    .replace('-', '−');
}
